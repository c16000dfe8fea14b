"""A policy that sees only the picture of a camera finds what it has to find there; what it is to see in the end can stand for the task."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra 'learn' is not installed")
mujoco = pytest.importorskip("mujoco", reason="the extra 'sim' is not installed")

from skillkit.exceptions import InvalidValue, UnknownName  # noqa: E402
from skillkit.learn.acting import Acting  # noqa: E402
from skillkit.learn.config import checked, from_dict  # noqa: E402
from skillkit.learn.dataset import Episode, Space, write_dataset  # noqa: E402
from skillkit.learn.export import export_skill  # noqa: E402
from skillkit.learn.goals import last_rows, with_goal  # noqa: E402
from skillkit.learn.images import Cnn, Vit  # noqa: E402
from skillkit.learn.training import Training  # noqa: E402

SIZE, STEPS, FARTHEST = 32, 8, 0.1  # [pixels], of an episode, [m] per step
SPACE = Space(("tool_x", "tool_y"), ("dx", "dy"), 10.0, {}, (SIZE, SIZE))
TABLE = """
<mujoco>
  <visual><global offwidth="32" offheight="32"/><quality offsamples="0" shadowsize="0"/></visual>
  <worldbody>
    <light pos="0 0 2" dir="0 0 -1" castshadow="false"/>
    <camera name="above" pos="0 0 0.75" fovy="45"/>
    <geom type="plane" size="1 1 0.1" rgba="0.3 0.3 0.3 1"/>
    <body name="block" mocap="true"><geom type="box" size="0.03 0.03 0.03" rgba="0.9 0.2 0.1 1"/></body>
    <body name="tool" mocap="true"><geom type="sphere" size="0.025" rgba="0.1 0.4 0.9 1"/></body>
  </worldbody>
</mujoco>
"""
Look = Callable[[np.ndarray, np.ndarray], np.ndarray]  # where the block and the tool are → (SIZE, SIZE, 3)


@pytest.fixture(scope="module")
def look() -> Iterator[Look]:
    """A camera above the table, rendered by MuJoCo."""
    try:
        from mujoco.egl import GLContext

        context = GLContext(SIZE, SIZE)
        context.make_current()
    except Exception as error:
        pytest.skip(f"no off-screen graphics here: {error}")
    model = mujoco.MjModel.from_xml_string(TABLE)
    data, view = mujoco.MjData(model), mujoco.MjrRect(0, 0, SIZE, SIZE)
    scene, resources = mujoco.MjvScene(model, maxgeom=100), mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100)
    mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, resources)
    camera = mujoco.MjvCamera()
    camera.type, camera.fixedcamid = mujoco.mjtCamera.mjCAMERA_FIXED, 0

    def render(block: np.ndarray, tool: np.ndarray) -> np.ndarray:
        data.mocap_pos[:] = [[*block, 0.03], [*tool, 0.1]]
        mujoco.mj_forward(model, data)
        mujoco.mjv_updateScene(model, data, mujoco.MjvOption(), None, camera, mujoco.mjtCatBit.mjCAT_ALL, scene)
        mujoco.mjr_render(view, scene, resources)
        pixels = np.zeros((SIZE, SIZE, 3), dtype=np.uint8)
        mujoco.mjr_readPixels(pixels, None, view, resources)
        return pixels[::-1].copy()

    yield render
    context.free()


def demonstration(look: Look, random: np.random.Generator, number: int, hidden: bool) -> Episode:
    """Go to where the block is, or, where it is hidden, to a place that only the end tells."""
    target, tool = random.uniform(-0.22, 0.22, (2, 2))
    seen, done, images = [], [], []
    for _ in range(STEPS):
        delta = np.clip(target - tool, -FARTHEST, FARTHEST)
        seen.append(tool)
        done.append(delta)
        images.append(look(np.array([9.0, 9.0]) if hidden else target, tool))
        tool = np.clip(tool + delta + random.normal(0.0, 0.08, 2) * (len(seen) < STEPS - 1), -0.25, 0.25)  # disturbed, but for the end
    rows = (np.array(seen, np.float32), np.array(done, np.float32))
    return Episode(*rows, "reach", "go to the block", "none", "table", True, "a formula", "CC0-1.0", number, images=np.stack(images))


def trained(look: Look, folder: Path, hidden: bool, **changes: object) -> Acting:
    random = np.random.default_rng(0)
    write_dataset(folder / "data", (demonstration(look, random, number, hidden) for number in range(120)), SPACE)
    small = {"dataset": str(folder / "data"), "features": "plain", "scales": [], "hidden": [64, 64], "steps": 300, "batch": 48, "rate": 3e-3, "average": 0.99}
    return Acting(Training(checked(from_dict({**small, **changes})), folder / "run").run())


def misses(look: Look, acting: Acting, hidden: bool, goal: str = "none", blind: bool = False) -> np.ndarray:
    """(episodes,) [m] how far from where it should be the tool ends, at places that no demonstration had."""
    random, found = np.random.default_rng(1), []
    for _ in range(20):
        target, tool = random.uniform(-0.2, 0.2, (2, 2))
        block = np.array([9.0, 9.0]) if hidden else target
        wanted = {"none": None, "state": target, "image": look(block, target)}[goal]
        act = acting.of("reach", goal=wanted)
        for _ in range(2 * STEPS):
            image = np.zeros((SIZE, SIZE, 3), np.uint8) if blind else look(block, tool)
            tool = tool + (act(tool, image) if acting.model.encoder is not None else act(tool))
        found.append(float(np.linalg.norm(target - tool)))
    return np.array(found)


def test_what_only_the_picture_shows_is_found_and_without_it_is_not(look: Look, tmp_path: Path) -> None:
    acting = trained(look, tmp_path, hidden=False, encoder="cnn")
    assert np.median(misses(look, acting, hidden=False)) < 0.02
    assert np.median(misses(look, acting, hidden=False, blind=True)) > 0.08
    with pytest.raises(InvalidValue, match="camera"):
        acting.of("reach")(np.zeros(2))
    with pytest.raises(InvalidValue, match="state of the scene only"):
        export_skill(tmp_path / "run", tmp_path / "skill")


@pytest.mark.parametrize(("goal", "encoder", "features"), [("state", "none", "plain"), ("image", "cnn", "plain")])
def test_a_goal_seen_in_advance_is_reached(goal: str, encoder: str, features: str, look: Look, tmp_path: Path) -> None:
    acting = trained(look, tmp_path, hidden=True, encoder=encoder, goal=goal)
    assert np.median(misses(look, acting, hidden=True, goal=goal)) < 0.03
    with pytest.raises(InvalidValue, match="goal"):
        acting.of("reach")


def test_the_features_of_the_cnn_are_places_in_the_image() -> None:
    """An image moved by two pixels moves the places of a channel that finds a spot by one cell of the half-sized grid."""
    torch.manual_seed(0)
    encoder = Cnn(64, 64)
    with torch.no_grad():
        encoder.sharpness.fill_(1e4)  # the softmax becomes the place of the maximum
        images = torch.zeros((2, 64, 64, 3), dtype=torch.uint8)
        images[0, 20:26, 30:36] = 255
        images[1, 22:28, 30:36] = 255
        first, second = encoder(images).view(2, -1, 2)
    inside = (first.abs() < 0.9).all(-1) & (second.abs() < 0.9).all(-1)  # channels that look at the spot, not at the border
    assert inside.any()
    moved = (second - first)[inside]
    assert torch.allclose(moved, torch.tensor([2.0 / 31.0, 0.0]).expand_as(moved), atol=1e-5)


def test_a_vision_transformer_learns_where_a_spot_is() -> None:
    torch.manual_seed(0)
    encoder, head = Vit(16, 24), torch.nn.Linear(96, 2)
    optimiser = torch.optim.AdamW([*encoder.parameters(), *head.parameters()], lr=5e-4)
    losses = []
    for _ in range(330):
        places = torch.stack([torch.randint(0, 13, (32,)), torch.randint(0, 21, (32,))], dim=-1)
        images = torch.zeros((32, 16, 24, 3), dtype=torch.uint8)
        for image, (row, column) in zip(images, places.tolist(), strict=True):
            image[row : row + 4, column : column + 4] = 255
        loss = torch.nn.functional.mse_loss(head(encoder(images)), places / torch.tensor([12.0, 20.0]))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert np.mean(losses[-10:]) < 0.02, "guessing the middle costs 0.09"
    with pytest.raises(InvalidValue, match="multiples of 8"):
        Vit(16, 20)


def test_a_goal_of_states_doubles_numbers_groups_and_points() -> None:
    space = Space(("tool_x", "cup_x"), ("dx",), 10.0, {"points": {"tool": [0], "cup": [1]}, "groups": [[0], [1]]})
    found = with_goal(space, "state")
    assert found.observation == ("tool_x", "cup_x", "goal.tool_x", "goal.cup_x")
    assert found.details["points"] == {"tool": [0], "cup": [1], "goal.tool": [2], "goal.cup": [3]}
    assert found.details["groups"] == [[0], [1], [2], [3]]
    assert with_goal(space, "none") == space
    with pytest.raises(InvalidValue, match="no images"):
        with_goal(space, "image")
    with pytest.raises(UnknownName, match="did you mean 'state'"):
        with_goal(space, "stat")
    assert last_rows(np.array([2, 3])).tolist() == [1, 1, 4, 4, 4]


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"encoder": "cnn"}, "recorded with a camera"),
        ({"goal": "image"}, "encoder"),
        ({"encoder": "cn"}, "did you mean 'cnn'"),
        ({"goal": "end"}, "allowed: image, none, state"),
    ],
)
def test_an_encoder_that_does_not_fit_the_data_is_refused(changes: dict, word: str, configured: Callable, tmp_path: Path) -> None:
    with pytest.raises((InvalidValue, UnknownName), match=word):
        Training(configured(**changes), tmp_path)
