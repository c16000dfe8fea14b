import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcap.reader import make_reader
from mcap.records import Schema
from mcap_ros2.decoder import DecoderFactory
from rosbags.rosbag2 import Reader
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from skillkit.bags import open_bag
from skillkit.bags.cdr import Codec
from skillkit.bags.compare import same
from skillkit.bags.definition import PRIMITIVES, parse_schema
from skillkit.bags.schemas import definitions, schema
from skillkit.exceptions import BagError, UnknownName

TYPES = sorted(f"{package}/msg/{name}" for package, name in (key.split("/") for key in definitions()))
RANGES = {code: (0, 2 ** (8 * struct.calcsize(code)) - 1) for code in "BHIQ"} | {
    code: (-(2 ** (8 * struct.calcsize(code) - 1)), 2 ** (8 * struct.calcsize(code) - 1) - 1) for code in "bhiq"
}


def values_of(name, types):
    """Every message of a type, as dicts."""
    return st.fixed_dictionaries({field.name: value_of(field, types) for field in types[name]})


def value_of(field, types):
    code = PRIMITIVES.get(field.type)
    if field.type == "string":
        single = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
    elif code == "?":
        single = st.booleans()
    elif code == "d":
        single = st.floats()
    elif code == "f":
        single = st.floats(width=32)
    elif code:
        single = st.integers(*RANGES[code])
    else:
        single = values_of(field.type, types)
    return single if field.length is None else st.lists(single, max_size=4)


def plain(value):
    """A message of another reader as dicts, lists and numbers."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    slots = getattr(value, "__slots__", None) or getattr(value, "__dict__", {})
    names = [name for name in slots if not name.startswith("_")]
    if isinstance(value, dict):
        return {name: plain(entry) for name, entry in value.items()}
    return {name: plain(getattr(value, name)) for name in names} if names else value


@pytest.mark.parametrize("name", TYPES)
def test_every_message_comes_back_bit_for_bit(name):
    text = schema(name)
    codec, types = Codec(name, text), parse_schema(name, text)
    package, word = name.split("/msg/")

    @settings(max_examples=30, deadline=None)
    @given(values_of(f"{package}/{word}", types))
    def check(message):
        assert same(codec.decode(codec.encode(message)), message)

    check()


def readers(name, text):
    """Other libraries' decoders of one type: bytes → plain values."""
    package_types = [(key.split("/"), definition) for key, definition in definitions().items()]
    store = get_typestore(Stores.EMPTY)
    for (package, word), definition in package_types:
        store.register(get_types_from_msg(definition, f"{package}/msg/{word}"))
    decode = DecoderFactory().decoder_for("cdr", Schema(id=1, name=name, encoding="ros2msg", data=text.encode()))
    return {"rosbags": lambda data: plain(store.deserialize_cdr(data, name)), "mcap_ros2": lambda data: plain(decode(data))}


@pytest.mark.parametrize("name", TYPES)
def test_mcap_ros2_and_rosbags_decode_the_same_from_our_bytes(name):
    text = schema(name)
    codec, types, others = Codec(name, text), parse_schema(name, text), readers(name, text)

    @settings(max_examples=15, deadline=None)
    @given(values_of(name.replace("/msg/", "/"), types))
    def check(message):
        for reader, decode in others.items():
            assert same(decode(codec.encode(message)), message), reader

    check()


def test_a_whole_bag_reads_the_same_in_rosbags_mcap_ros2_and_here(run_bag):
    with open_bag(run_bag) as bag:
        ours = sorted((message.topic, round(message.time * 1e9), repr(plain(message.value))) for message in bag.messages())
    with Reader(run_bag) as reader:
        store = get_typestore(Stores.EMPTY)
        for connection in reader.connections:
            store.register(get_types_from_msg(connection.msgdef.data, connection.msgtype))
        theirs = sorted((c.topic, stamp, repr(plain(store.deserialize_cdr(data, c.msgtype)))) for c, stamp, data in reader.messages())
    with run_bag.open("rb") as stream:
        decoded = make_reader(stream, decoder_factories=[DecoderFactory()]).iter_decoded_messages()
        mcap = sorted((channel.topic, message.log_time, repr(plain(value))) for _, channel, message, value in decoded)
    assert len(ours) == 700  # step, result, digest, joint states, command, pose, signal
    assert ours == theirs == mcap


def test_rclpy_reads_the_standard_messages_from_our_bytes(run_bag):
    serialization = pytest.importorskip("rclpy.serialization")
    message_type = pytest.importorskip("sensor_msgs.msg").JointState
    with open_bag(run_bag) as bag:
        raw = next(bag.raw_messages("/panda/joint_states"))
        value = next(bag.messages("/panda/joint_states")).value
    message = serialization.deserialize_message(raw.data, message_type)
    assert list(message.name) == value["name"]
    assert message.position.tolist() == value["position"]
    assert Codec("sensor_msgs/msg/JointState", schema("sensor_msgs/msg/JointState")).decode(serialization.serialize_message(message)) == value


def test_a_field_left_out_is_its_zero_value():
    codec = Codec("geometry_msgs/msg/PoseStamped", schema("geometry_msgs/msg/PoseStamped"))
    assert codec.decode(codec.encode({}))["pose"]["orientation"] == {"x": 0.0, "y": 0.0, "z": 0.0, "w": 0.0}


@pytest.mark.parametrize("message", [{"dat": 1.0}, {"data": "three"}, {"data": None}])
def test_a_message_that_does_not_fit_its_type_is_refused_in_words(message):
    codec = Codec("std_msgs/msg/Float64", schema("std_msgs/msg/Float64"))
    with pytest.raises(BagError, match="does not fit"):
        codec.encode(message)


def test_fixed_arrays_bytes_and_constants_of_other_packages_are_understood():
    text = "uint8 ON=1\nuint8 mode 3\nfloat64[3] vector [1, 2, 3]\nuint8[] picture\nint16[<=4] few\nstring<=5 word 'a'\nOther[2] others\n" + "=" * 80
    codec = Codec("a_msgs/msg/A", text + "\nMSG: a_msgs/Other\nbool yes\nfloat32 x\n")
    message = {"mode": 2, "vector": [1.0, 2.0, 3.0], "picture": b"\x00\xff", "few": [-1, 2], "word": "ab", "others": [{"yes": True, "x": 0.5}] * 2}
    assert codec.decode(codec.encode(message)) == message


def test_an_unknown_type_is_named_with_its_nearest():
    with pytest.raises(UnknownName, match="did you mean 'sensor_msgs/msg/JointState'"):
        schema("sensor_msgs/msg/JointStat")


def test_a_definition_that_contains_itself_is_refused():
    with pytest.raises(BagError, match="contains itself"):
        Codec("a/msg/A", "A[] children\n")


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_decode_or_are_refused(data):
    try:
        message = STEP.decode(b"\x00\x01\x00\x00" + data)
    except BagError:
        return
    assert set(message) == {"header", "tick", "now", "inputs"}


STEP = Codec("skillkit_interfaces/msg/Step", schema("skillkit_interfaces/msg/Step"))
