"""Instructions become vectors by the encoder that was pinned, and by no other; the vectors travel with the model."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the extra 'learn' is not installed")

from skillkit.exceptions import InvalidValue
from skillkit.learn.acting import Acting
from skillkit.learn.language import embed
from skillkit.learn.sentences import folder_digest, sentence_vectors
from skillkit.learn.training import Training

WORDS = ("open", "close", "push", "the", "door", "cup", "goal", "approach", "flee", "sideways", "circle")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real encoder of the library, small and untrained."""
    library = pytest.importorskip("sentence_transformers", reason="the extra 'sentences' is not installed")
    parts = pytest.importorskip(
        "sentence_transformers.sentence_transformer.modules", reason="this test makes its encoder with sentence-transformers 5 or newer"
    )
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("bert")
    (folder / "vocab.txt").write_text("\n".join(("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS)) + "\n")
    small = {"vocab_size": 5 + len(WORDS), "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    transformers.BertModel(transformers.BertConfig(**small)).save_pretrained(folder)
    transformers.BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    words = parts.Transformer(str(folder))
    target = tmp_path_factory.mktemp("encoder") / "tiny"
    library.SentenceTransformer(modules=[words, parts.Pooling(words.get_word_embedding_dimension())]).save(str(target))
    return target


def test_without_an_encoder_words_are_hashed() -> None:
    assert (sentence_vectors(["open the door"]) == embed(["open the door"])).all()


def test_an_encoder_that_is_not_the_pinned_one_is_refused_with_its_own_hash(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    found = folder_digest(tmp_path)
    with pytest.raises(InvalidValue, match=found):
        sentence_vectors(["open"], str(tmp_path), "0" * 64)
    (tmp_path / "config.json").write_text("{ }")
    assert folder_digest(tmp_path) != found
    (tmp_path / "config.json").rename(tmp_path / "other.json")
    with pytest.raises(InvalidValue, match="sentence_encoder"):
        sentence_vectors(["open"], str(tmp_path / "nowhere"), found)


def test_an_encoder_with_a_pickle_in_it_is_never_read(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(InvalidValue, match="runs what is in it"):
        sentence_vectors(["open"], str(tmp_path), "0" * 64)


def test_a_trained_model_needs_the_encoder_only_for_new_words(encoder: Path, configured: Callable, tmp_path: Path) -> None:
    copy = tmp_path / "encoder"
    shutil.copytree(encoder, copy)
    pinned = {"condition": "language", "sentence_encoder": str(copy), "encoder_sha256": folder_digest(copy)}
    run = Training(configured(**pinned), tmp_path / "run").run()
    vectors = sentence_vectors(["open the door", "open the door", "close the cup"], str(copy), pinned["encoder_sha256"])
    assert vectors.shape == (3, 32)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    assert (vectors[0] == vectors[1]).all()
    assert not (vectors[0] == vectors[2]).all()
    assert np.isfinite(Acting(run).of("circle", "circle the goal")(np.zeros(6))).all()
    shutil.rmtree(copy)
    assert np.isfinite(Acting(run).of("approach")(np.zeros(6))).all()
    with pytest.raises(InvalidValue, match="sentence_encoder"):
        Acting(run).of("circle", "circle the goal")
