"""Redaction: the field of a rule is gone from the record, and nothing else is touched."""

from __future__ import annotations

import copy
import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tap_genesys.errors import SettingError
from tap_genesys.privacy.redaction import Privacy, Rule
from tap_genesys.privacy.rules import ACTIONS, SHORTEST_KEY, Every, parsed, problems
from tap_genesys.privacy.schema_check import misfits, unknown

KEY = "a-secret-of-some-length"
LIKE = "write it like participants[*].attributes.ssn, or a bare name like ani"
RULES = 'use a list of objects like {"field": "ani", "action": "drop"}'

#: Few names, so that rules and records meet, and at every depth.
NAMES = st.sampled_from(["a", "b", "c", "participants", "attributes", "x.y"])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=[]), max_size=8)
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=30,
)
RECORDS = st.dictionaries(NAMES, JSON, max_size=5)
BARE = st.sampled_from(["a", "b", "c", "participants", "attributes"])
PATHS = st.builds(
    lambda first, rest: first + "".join(rest),
    st.sampled_from(["a", "b", "*", "participants", '["x.y"]', '["a"]']),
    st.lists(st.sampled_from([".a", ".b", ".*", "[*]", '["x.y"]', ".attributes"]), max_size=4),
)
FIELDS = BARE | PATHS


def hashed(text: str, key: str = KEY) -> str:
    data = text.encode("utf-8", "surrogatepass")
    return hmac.new(key.encode(), data, hashlib.sha256).hexdigest()


def applied(record: dict[str, Any], *rules: tuple[str, str], **settings: Any) -> dict[str, Any]:
    """Return a copy of the record after these rules."""
    redacted = copy.deepcopy(record)
    settings.setdefault("hash_key", KEY)
    Privacy([Rule(field, action) for field, action in rules], **settings).apply(redacted)
    return redacted


def dumped(value: Any) -> str:
    """Return a text that is equal for equal JSON, as NaN is not equal to itself."""
    return json.dumps(value)


def is_part(redacted: Any, whole: Any) -> bool:
    """Return whether nothing is added: no key, no element, no value but those of actions."""
    if isinstance(whole, dict) and isinstance(redacted, dict):
        return all(key in whole and is_part(redacted[key], whole[key]) for key in redacted)
    if isinstance(whole, list) and isinstance(redacted, list):
        rest = iter(whole)
        return all(any(is_part(part, other) for other in rest) for part in redacted)
    if isinstance(whole, dict | list) or isinstance(redacted, dict | list):
        return False
    is_hash = isinstance(redacted, str) and len(redacted) == len(hashed(""))
    return redacted in (None, "***") or is_hash or dumped(redacted) == dumped(whole)


def keys_of(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*map(keys_of, value.values()))
    return set().union(*map(keys_of, value)) if isinstance(value, list) else set()


def reached(value: Any, steps: list[str]) -> list[Any]:
    """Return the values that a path reaches, in the slow and obvious way."""
    if not steps:
        return [value]
    step, rest = steps[0], steps[1:]
    if step == "[*]":
        parts = value if isinstance(value, list) else []
        return [end for part in parts for end in reached(part, rest)]
    if isinstance(value, list):
        return [end for part in value for end in reached(part, steps)]
    if not isinstance(value, dict):
        return []
    if step == "*":
        return [end for part in value.values() for end in reached(part, rest)]
    return reached(value[step], rest) if step in value else []


# What holds for every record


@given(RECORDS, st.lists(st.tuples(FIELDS, st.sampled_from(ACTIONS)), max_size=5))
def test_it_never_raises_and_the_record_stays_json(
    record: dict[str, Any], rules: list[tuple[str, str]]
) -> None:
    """Any rules leave any record valid JSON, with nothing added, and raise no error."""
    globs = {"attributes_include": ["a*", "?"], "attributes_exclude": ["b"]}
    redacted = applied(record, *rules, **globs)
    assert dumped(json.loads(dumped(redacted))) == dumped(redacted)
    assert is_part(redacted, record)


@given(RECORDS, st.lists(st.tuples(FIELDS, st.sampled_from(["drop", "mask"])), max_size=4))
def test_one_rule_twice_is_that_rule_once(
    record: dict[str, Any], rules: list[tuple[str, str]]
) -> None:
    """Dropping and masking are idempotent, alone and together."""
    for rule in rules:
        once = applied(record, rule)
        assert dumped(applied(once, rule)) == dumped(once)
    # Together, too: a field that one rule drops leaves nothing for another.
    once = applied(record, *rules)
    assert dumped(applied(once, *rules)) == dumped(once)


@given(RECORDS, st.lists(st.tuples(FIELDS, st.sampled_from(ACTIONS)), max_size=5))
def test_rules_together_are_the_rules_one_after_the_other(
    record: dict[str, Any], rules: list[tuple[str, str]]
) -> None:
    """Rules together have the effect of the rules one after the other."""
    expected = record
    for rule in rules:
        expected = applied(expected, rule)
    assert dumped(applied(record, *rules)) == dumped(expected)


@given(RECORDS, BARE)
def test_a_dropped_bare_name_is_nowhere(record: dict[str, Any], name: str) -> None:
    """A dropped bare name is a key nowhere in the record."""
    assert name not in keys_of(applied(record, (name, "drop")))


@given(RECORDS, BARE, st.sampled_from(["mask", "hash"]))
def test_no_text_stays_under_a_bare_name(record: dict[str, Any], name: str, action: str) -> None:
    """Masking or hashing a bare name replaces every text below it, and no other."""
    marked, texts = with_unique_texts(record)
    redacted = dumped(applied(marked, (name, action)))
    below = [text for text in texts if text in dumped(applied_only(marked, name))]
    assert not any(text in redacted for text in below)
    assert all(text in redacted for text in texts if text not in below)


@given(RECORDS, PATHS.filter(lambda path: path not in ("a", "b", "participants")))
def test_what_a_path_reaches_is_gone_and_the_rest_stays(record: dict[str, Any], path: str) -> None:
    """Each action replaces exactly the texts that the path reaches."""
    marked, texts = with_unique_texts(record)
    steps = path.replace('["x.y"]', ".X").replace('["a"]', ".a").replace("[*]", ".[*]")
    names = [step.replace("X", "x.y") for step in steps.split(".") if step]
    ends = dumped(reached(marked, names))
    for action in ACTIONS:
        redacted = dumped(applied(marked, (path, action)))
        assert all((text in redacted) != (text in ends) for text in texts)


@given(RECORDS, st.sampled_from(ACTIONS))
def test_a_record_without_the_field_is_unchanged(record: dict[str, Any], action: str) -> None:
    """A record without the field is unchanged."""
    rules = [("d", action), ("a.d", action), ("participants[*].attributes.d[*]", action)]
    assert dumped(applied(record, *rules)) == dumped(record)


@given(st.text(st.characters(exclude_categories=[])))
def test_equal_texts_hash_equal_and_other_keys_hash_otherwise(text: str) -> None:
    """Equal texts have equal hashes, so that joins work; another key gives other hashes."""
    record = {"id": text, "participants": [{"id": text}]}
    redacted = applied(record, ("id", "hash"))
    assert redacted == {"id": hashed(text), "participants": [{"id": hashed(text)}]}
    other = applied(record, ("id", "hash"), hash_key=KEY + "!")
    assert other["id"] == hashed(text, KEY + "!")
    assert other["id"] != redacted["id"]


@given(st.dictionaries(st.text(max_size=4), st.text(max_size=4)))
def test_excluded_attributes_are_gone_even_if_included(attributes: dict[str, str]) -> None:
    """An attribute stays if an include pattern matches and no exclude pattern does."""
    record = {"participants": [{"attributes": attributes}]}
    redacted = applied(record, attributes_include=["a*", "b"], attributes_exclude=["*z"])
    expected = {
        key: value
        for key, value in attributes.items()
        if (key.startswith("a") or key == "b") and not key.endswith("z")
    }
    assert redacted == {"participants": [{"attributes": expected}]}


def with_unique_texts(record: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the record with each text replaced by a unique one, and these texts."""
    texts: list[str] = []

    def marked(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: marked(part) for key, part in value.items()}
        if isinstance(value, list):
            return [marked(part) for part in value]
        if isinstance(value, str):
            texts.append(f"<a text that is long and unique {len(texts)}>")
            return texts[-1]
        return value

    return {key: marked(value) for key, value in record.items()}, texts


def applied_only(value: Any, name: str) -> list[Any]:
    """Return the values under a name, at any depth."""
    if isinstance(value, list):
        return [end for part in value for end in applied_only(part, name)]
    if not isinstance(value, dict):
        return []
    return [
        end
        for key, part in value.items()
        for end in ([part] if key == name else applied_only(part, name))
    ]


# Actions


def test_drop_removes_the_field() -> None:
    """`drop` removes the field."""
    assert applied({"a": {"b": 1}, "c": 2}, ("a", "drop")) == {"c": 2}


def test_hash_takes_texts_and_numbers_and_leaves_null() -> None:
    """`hash` replaces texts and numbers, at any depth, and empties booleans; null stays."""
    record = {"a": ["Zoë", 7, 1.5, 10**20, True, None, {"deep": ["x"]}, []]}
    assert applied(record, ("a", "hash")) == {
        "a": [
            hashed("Zoë"),
            hashed("7"),
            hashed("1.5"),
            hashed("100000000000000000000"),
            None,
            None,
            {"deep": [hashed("x")]},
            [],
        ]
    }


def test_mask_stars_texts_and_empties_the_rest() -> None:
    """`mask` replaces texts by `***`, and all other values by null."""
    record = {"a": ["secret", "", 7, 1.5, True, None, {"deep": "x"}]}
    expected = {"a": ["***", "***", None, None, None, None, {"deep": "***"}]}
    assert applied(record, ("a", "mask")) == expected


def test_half_a_surrogate_pair_stops_nothing() -> None:
    """Half a surrogate pair, which is no valid UTF-8, is hashed without an error."""
    record = json.loads('{"a": "\\ud800"}')
    assert len(applied(record, ("a", "hash"))["a"]) == 64


def test_a_name_below_itself_is_hashed_once() -> None:
    """A name below itself is hashed once."""
    assert applied({"a": {"a": "x", "b": ["x"]}}, ("a", "hash")) == {
        "a": {"a": hashed("x"), "b": [hashed("x")]}
    }


@pytest.mark.parametrize("field", ["a.b", '["b"]'])
def test_a_path_reaches_a_name_below_itself(field: str) -> None:
    """A field of the last name of a path is below it, and no holder of its own."""
    value = {"b": "x", "c": ["y", {"b": "z"}]}
    replaced = {"b": hashed("x"), "c": [hashed("y"), {"b": hashed("z")}]}
    record = {"a": {"b": value}} if field == "a.b" else {"b": value}
    expected = {"a": {"b": replaced}} if field == "a.b" else {"b": replaced}
    assert applied(record, (field, "hash")) == expected


def test_rules_apply_in_their_order() -> None:
    """Rules apply in the order of the setting."""
    record = {"a": "x"}
    twice = applied(record, ("a", "hash"), ("a", "hash"))
    assert twice == {"a": hashed(hashed("x"))}
    assert applied(record, ("a", "mask"), ("a", "hash")) == {"a": hashed("***")}
    assert applied(record, ("a", "hash"), ("a", "mask")) == {"a": "***"}
    assert applied(record, ("a", "drop"), ("a", "mask")) == {}
    assert applied(record, ("a", "mask"), ("a", "drop")) == {}


def test_bare_names_and_paths_apply_in_their_order_too() -> None:
    """Bare names and paths apply in their common order."""
    record = {"a": {"b": "x"}}
    assert applied(record, ("b", "mask"), ("a.b", "hash")) == {"a": {"b": hashed("***")}}
    assert applied(record, ("a.b", "hash"), ("b", "mask")) == {"a": {"b": "***"}}
    assert applied(record, ("b", "mask"), ("a", "hash")) == {"a": {"b": hashed("***")}}
    assert applied(record, ("a", "hash"), ("b", "mask")) == {"a": {"b": "***"}}


def test_json_may_nest_deeper_than_calls() -> None:
    """JSON that nests deeper than Python's recursion limit is redacted."""
    record: dict[str, Any] = {"end": "x", "b": "x"}
    for _ in range(5000):
        record = {"a": [record]}
    privacy = Privacy([Rule("b", "drop"), Rule("a.*", "mask"), Rule("end", "hash")], hash_key=KEY)
    privacy.apply(record)
    node = record
    while "a" in node:
        node = node["a"][0]
    assert node == {"end": hashed("***")}


# Fields

CONVERSATION = {
    "email": "root",
    "participants": [
        {
            "email": "inner",
            "attributes": {"ssn": "1", "customer.ssn": "2", "customer": {"ssn": "3"}, "a b": "4"},
            "sessions": [{"ani": "5", "tags": ["6", "7"]}, {"ani": "8"}],
        },
        {"attributes": None, "sessions": "none"},
        "not an object",
    ],
}


@pytest.mark.parametrize(
    ("field", "gone"),
    [
        ("email", ["root", "inner"]),
        ('["email"]', ["root"]),
        ("participants[*].email", ["inner"]),
        ("participants.email", ["inner"]),
        ("ssn", ["1", "3"]),
        ("a b", ["4"]),
        ("participants[*].attributes.ssn", ["1"]),
        ('participants[*].attributes["customer.ssn"]', ["2"]),
        (r'participants[*].attributes["customer\u002essn"]', ["2"]),
        ("participants[*].attributes.customer.ssn", ["3"]),
        ("participants[*].attributes.*", ["1", "2", "3", "4"]),
        ('participants[*].attributes["*"]', []),
        ("participants[*].*.ssn", ["1"]),
        ("participants[*].attributes", ["1", "2", "3", "4"]),
        ("participants[*].sessions[*].ani", ["5", "8"]),
        ("participants.sessions.ani", ["5", "8"]),
        ("participants[*].sessions[*].tags[*]", ["6", "7"]),
        ("participants[*].sessions[*].tags", ["6", "7"]),
        ("participants[*][*].sessions", []),
        ("participants.ani", []),
        ("email.ani", []),
        ("email[*]", []),
        ("Email", []),
    ],
)
@pytest.mark.parametrize("action", ACTIONS)
def test_a_field_means_these_values(field: str, gone: list[str], action: str) -> None:
    """A bare name is a key at any depth, a path begins at the root, and a quoted key is literal."""
    texts = ["root", "inner", "1", "2", "3", "4", "5", "6", "7", "8"]
    redacted = dumped(applied(CONVERSATION, (field, action)))
    assert [text for text in texts if f'"{text}"' not in redacted] == gone


def test_dropping_every_element_or_key_leaves_an_empty_holder() -> None:
    """Dropping every element leaves an empty list, dropping every key an empty object."""
    record = {"a": [1, {"b": 2}], "c": {"d": 1}}
    assert applied(record, ("a[*]", "drop"), ("c.*", "drop")) == {"a": [], "c": {}}
    assert applied(record, ("*", "drop")) == {}


# Attributes


@pytest.mark.parametrize(
    ("include", "exclude", "expected"),
    [
        (None, None, ["a", "ab", "Ab", "b"]),
        (None, [], ["a", "ab", "Ab", "b"]),
        (["a*"], None, ["a", "ab"]),
        (["a*"], ["?b"], ["a"]),
        (None, ["[ab]"], ["ab", "Ab"]),
        ([], None, []),
    ],
)
def test_attributes_stay_by_their_names(
    include: list[str] | None, exclude: list[str] | None, expected: list[str]
) -> None:
    """Patterns select attributes of participants by name, with case, and no others."""
    attributes = dict.fromkeys(["a", "ab", "Ab", "b"], "x")
    record = {"attributes": {**attributes}, "participants": [{"attributes": attributes}, {}, None]}
    redacted = applied(record, attributes_include=include, attributes_exclude=exclude)
    assert redacted["attributes"] == attributes
    assert list(redacted["participants"][0]["attributes"]) == expected


def test_attributes_are_chosen_before_the_rules() -> None:
    """Patterns select attributes before rules apply to the rest."""
    record = {"participants": [{"attributes": {"a": "x", "b": "y"}}]}
    redacted = applied(record, ("a", "mask"), ("b", "mask"), attributes_include=["a"])
    assert redacted == {"participants": [{"attributes": {"a": "***"}}]}


def test_whether_there_is_anything_to_do() -> None:
    """A configuration without an effect is false, so that records are not searched."""
    assert not Privacy([], hash_key=None)
    assert not Privacy([], hash_key=KEY, attributes_exclude=[])
    assert Privacy([{"field": "a", "action": "drop"}], hash_key=None)
    assert Privacy([], hash_key=None, attributes_include=[])
    assert Privacy([], hash_key=None, attributes_exclude=["a"])


def test_a_digest_of_the_key_is_the_hash_of_a_fixed_text() -> None:
    """So that it stays the same from run to run; without a key there is none."""
    assert Privacy([], hash_key=KEY).key_digest == hashed("key")
    assert Privacy([], hash_key=None).key_digest is None
    assert Privacy([], hash_key="").key_digest is None


def test_a_key_may_hold_half_a_surrogate_pair() -> None:
    """An environment variable may, where it is no UTF-8."""
    key = "\ud800" * 16
    digest = hmac.new(key.encode("utf-8", "surrogatepass"), b"x", hashlib.sha256).hexdigest()
    assert applied({"a": "x"}, ("a", "hash"), hash_key=key) == {"a": digest}


@pytest.mark.parametrize("action", ACTIONS)
def test_objects_without_the_field_leave_the_others_to_the_rule(action: str) -> None:
    """Wherever they are among them."""
    record = {"a": [{"b": "x"}, {"c": 1}, {"b": "x"}, 3, {}, {"b": "x"}]}
    value = {"hash": hashed("x"), "mask": "***"}.get(action)
    left = {"b": value} if value else {}
    expected = {"a": [left, {"c": 1}, left, 3, {}, left]}
    for field in ("a[*].b", "a.b", "*.b", "b"):
        assert applied(record, (field, action)) == expected


def test_what_is_no_object_has_no_keys_and_what_is_no_list_no_elements() -> None:
    """Rules that name them leave such values alone."""
    record = {"a": "x", "b": ["x", {"c": "x"}], "d": {"e": "x"}}
    assert applied(record, ("d[*]", "drop"), ("a.*", "drop"), ("a[*]", "hash")) == record
    assert applied(record, ("b.*", "drop"), ("d.*", "drop")) == {
        "a": "x",
        "b": ["x", {}],
        "d": {},
    }
    assert applied(record, ("b[*]", "drop"), ("d[*].e", "drop")) == {**record, "b": []}


# What is wrong with the settings


def lines(*rules: Any, hash_key: str | None = KEY) -> list[str]:
    """Return the problems of these rules."""
    return problems(list(rules), hash_key)


def test_sensible_rules_are_no_problem() -> None:
    """Valid rules, and no rules, have no problems."""
    assert lines({"field": "a", "action": "hash"}, {"field": "b.*[*]", "action": "mask"}) == []
    assert lines({"field": "a", "action": "drop"}, hash_key=None) == []
    assert problems([], None) == problems(None, None) == []


def test_rules_are_a_list_of_objects() -> None:
    """A setting that is no list of objects is a problem, with an example."""
    assert problems({"field": "a", "action": "drop"}, None) == [f"pii is not a list; {RULES}."]
    assert lines("a") == [f"pii[0] is not an object; {RULES}."]


def test_a_rule_has_a_field_and_an_action_and_nothing_else() -> None:
    """Each missing, unknown or additional key is a problem that names rule and key."""
    good = {"field": "a", "action": "drop"}
    assert lines({"action": "drop"}) == ["pii[0]: field is missing."]
    assert lines({"field": "", "action": "drop"}) == ["pii[0]: field is missing."]
    assert lines(good, {"field": "a"}) == ["pii[1]: action is missing."]
    assert lines(good, good, {"field": "a", "action": "erase"}) == [
        'pii[2]: action "erase" is not one of drop, hash, mask.'
    ]
    assert lines({"field": "a", "action": ["drop"]}) == [
        'pii[0]: action ["drop"] is not one of drop, hash, mask.'
    ]
    assert lines({"field": 7, "action": "drop"}) == [f"pii[0]: field 7 is not a text; {LIKE}."]
    assert lines({**good, "key": "hidden"}) == [f'pii[0]: "key" is unknown; {RULES}.']
    assert lines({}) == ["pii[0]: field is missing.", "pii[0]: action is missing."]


FOLLOWS = 'what follows {} is none of .name, [*] and ["name"]'
BEGINS = 'it begins with neither name nor ["name"]'


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ("participants[", FOLLOWS.format('"participants"')),
        ("participants[0]", FOLLOWS.format('"participants"')),
        ("participants[]", FOLLOWS.format('"participants"')),
        ("participants[*]ani", FOLLOWS.format('"participants[*]"')),
        ("a.", FOLLOWS.format('"a"')),
        ("a..b", FOLLOWS.format('"a"')),
        ("a ", FOLLOWS.format('"a"')),
        ("a.cust*", FOLLOWS.format('"a.cust"')),
        (".a", BEGINS),
        (" a", BEGINS),
        ("[*].a", "it begins with [*], but a record is an object"),
        (r'a["\x"]', "a quoted key is not written as JSON writes a text"),
    ],
)
def test_a_field_that_cannot_be_parsed_is_reported_with_the_reason(field: str, reason: str) -> None:
    """A field that cannot be parsed is a problem, with the reason and an example."""
    quoted = json.dumps(field)
    assert lines({"field": "a", "action": "drop"}, {"field": field, "action": "drop"}) == [
        f"pii[1]: field {quoted} cannot be read: {reason}; {LIKE}."
    ]


@pytest.mark.parametrize(
    ("key", "word"), [(None, "missing"), ("", "missing"), ("k3y", "too short")]
)
def test_hashing_needs_a_secret(key: str | None, word: str) -> None:
    """A rule that hashes needs a key of at least 16 characters."""
    rules = [{"field": "a", "action": "drop"}, *[{"field": "b", "action": "hash"}] * 2]
    line = f"pii_hash_key is {word}; pii[1] hashes: set it to a secret of at least 16 characters."
    assert problems(rules, key) == [line]
    with pytest.raises(SettingError, match="pii_hash_key"):
        Privacy(rules, hash_key=key)


@given(FIELDS | st.text(), st.none() | st.text(max_size=20))
@example('a.*[*]["x.y"]', None)
@example("a..b", None)
def test_a_field_is_either_reported_or_followed(field: str, key: str | None) -> None:
    """A field either is a problem, or reaches the value that it names."""
    rule = {"field": field, "action": "drop"}
    if lines := problems([rule], key):
        assert [line.startswith("pii[0]: field ") for line in lines] == [True]
        with pytest.raises(SettingError):
            Privacy([rule], hash_key=key)
        return
    record: Any = "the value"
    for step in reversed(parsed(field)):
        record = [record] if step is Every.ELEMENT else {"b" if step is Every.KEY else step: record}
    assert "the value" in dumped(record)
    Privacy([rule], hash_key=key).apply(record)
    assert "the value" not in dumped(record)


@given(JSON, st.none() | st.text(max_size=20))
def test_any_setting_gives_problems_in_lines(rules: Any, key: str | None) -> None:
    """Any setting gives problems of one line each, and no exception."""
    assert all(line.startswith("pii") and line.endswith(".") for line in problems(rules, key))


def test_a_value_that_json_does_not_have_is_logged_as_its_text() -> None:
    """A program that calls the tap may set one."""
    odd = frozenset({1})
    assert lines({"field": odd, "action": "drop"}) == [
        f'pii[0]: field "frozenset({{1}})" is not a text; {LIKE}.'
    ]
    assert lines({"field": "a", "action": odd}) == [
        'pii[0]: action "frozenset({1})" is not one of drop, hash, mask.'
    ]
    assert lines({"field": "a", "action": "drop", odd: 1}) == [
        f'pii[0]: "frozenset({{1}})" is unknown; {RULES}.'
    ]


def test_an_empty_action_is_missing() -> None:
    """As an environment variable without a value is."""
    for action in ({}, {"action": None}, {"action": ""}):
        assert lines({"field": "a", **action}) == ["pii[0]: action is missing."]


def test_a_secret_of_the_shortest_length_is_enough() -> None:
    """One of a character less is not."""
    rule = {"field": "a", "action": "hash"}
    assert lines(rule, hash_key="k" * SHORTEST_KEY) == []
    assert lines(rule, hash_key="k" * (SHORTEST_KEY - 1)) != []


@pytest.mark.parametrize("name", ["a\nb", "a\tb", "\x01"])
def test_a_quoted_key_may_hold_a_control_character(name: str) -> None:
    """JSON refuses it in a text, and a file of settings may have it all the same."""
    assert parsed(f'a["{name}"]') == ["a", name]


# Fields that no stream has

SCHEMA = {
    "type": "object",
    "properties": {
        "email": {"type": ["string", "null"]},
        "participants": {
            "type": ["array", "null"],
            "items": {
                "type": "object",
                "properties": {
                    "attributes": {
                        "type": ["object", "null"],
                        "additionalProperties": {"type": ["string", "null"]},
                    },
                    "sessions": {
                        "type": "array",
                        "items": {"type": "object", "properties": {"ani": {"type": "string"}}},
                    },
                    "free": {"type": "object"},
                },
            },
        },
    },
}


@pytest.mark.parametrize(
    "field",
    [
        "email",
        '["email"]',
        "ani",
        "attributes",
        "participants[*].attributes.ssn",
        'participants[*].attributes["customer.ssn"]',
        "participants[*].attributes.*",
        "participants[*].free.any[*].thing",
        "participants[*].sessions[*].ani",
        "participants.sessions.ani",
        "participants[*].*.ani",
        "participants[*]",
        "*",
        "name",
    ],
)
def test_a_field_that_some_schema_has_is_known(field: str) -> None:
    """A field of any schema is known, also below free-form objects."""
    other = {"type": "object", "properties": {"name": {"type": "string"}}}
    rules = [{"field": field, "action": "drop"}]
    assert unknown(rules, {"conversations": SCHEMA, "queues": other}) == []


def test_fields_that_no_schema_has_are_unknown_in_their_order() -> None:
    """Fields that are in no schema are returned once, in the order of the rules."""
    fields = [
        "ssn",
        "Email",
        '["ani"]',
        "participants.ani",
        "email.ani",
        "email[*]",
        "email.*",
        "participants[*].attributes.ssn.part",
        "participants[*].sessions.dnis",
        "ssn",
    ]
    rules = [{"field": field, "action": "drop"} for field in ["email", *fields]]
    assert unknown(rules, {"conversations": SCHEMA}) == fields[:-1]


TURNS = '{} would turn "{}" of things, a {}, into text; use drop, or another path.'
TEXT = f"pii[0]: {TURNS}"


@pytest.mark.parametrize(
    ("field", "action", "line"),
    [
        ("id", "drop", 'pii[0]: "id" is a key of things; a key can only be hashed.'),
        ("id", "mask", 'pii[0]: "id" is a key of things; a key can only be hashed.'),
        ("id", "hash", None),
        (
            "parts[*].size",
            "hash",
            TEXT.format("hash", "parts[*].size", "number"),
        ),
        ("size", "mask", None),
        ("size", "hash", TEXT.format("hash", "parts[*].size", "number")),
        ("parts", "hash", TEXT.format("hash", "parts", "number")),
        ("born", "mask", TEXT.format("mask", "born", "date")),
        ("born", "drop", None),
        ("names", "hash", None),
    ],
)
def test_a_rule_that_does_not_fit_a_column_is_named(
    field: str, action: str, line: str | None
) -> None:
    """A rule that would break a key or a column's type is a problem that names both."""
    part = {"type": "object", "properties": {"size": {"type": ["integer", "null"]}}}
    things = {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "born": {"type": ["string", "null"], "format": "date-time"},
            "names": {"type": "array", "items": {"type": "string"}},
            "parts": {"type": "array", "items": part},
        },
    }
    found = misfits([{"field": field, "action": action}], {"things": things}, {"things": ["id"]})
    assert found == ([] if line is None else [line])


def misfits_of(
    *rules: tuple[str, str], keys: tuple[str, ...] = (), **columns: dict[str, Any]
) -> list[str]:
    """Return the lines about these rules for the streams `one` and `two`, which are alike."""
    schema = {"type": "object", "properties": columns}
    plain = [{"field": field, "action": action} for field, action in rules]
    return misfits(plain, {"one": schema, "two": schema}, {"one": keys, "two": keys})


def test_a_key_of_any_name_is_shown_as_a_star() -> None:
    """As the rule has it."""
    numbers = {"type": "object", "additionalProperties": {"type": "number"}}
    for field in ("sizes.*", "*.*"):
        lines = misfits_of((field, "hash"), sizes=numbers)
        assert lines[0] == TEXT.format("hash", "sizes.*", "number").replace("things", "one")
    (line, _other) = misfits_of(("sizes.small", "hash"), sizes=numbers)
    assert '"sizes.small"' in line


def test_a_rule_has_one_line_for_each_stream_that_it_does_not_fit() -> None:
    """In the order of the rules and of the streams, about the first column."""
    rules = [("size", "hash"), ("id", "drop"), ("born", "mask"), ("*", "drop"), ("*", "hash")]
    things = {"properties": {"born": {"format": "date"}, "size": {"type": "number"}}}
    size = {"type": "integer"}
    lines = misfits_of(*rules, keys=("id", "key"), things=things, size=size, id={}, key={})
    turns = TURNS.replace("of things", "of {{}}")
    about = [
        f"pii[0]: {turns.format('hash', 'things.size', 'number')}",
        'pii[1]: "id" is a key of {}; a key can only be hashed.',
        f"pii[2]: {turns.format('mask', 'things.born', 'date')}",
        'pii[3]: "id" is a key of {}; a key can only be hashed.',
        f"pii[4]: {turns.format('hash', 'things', 'date')}",
    ]
    assert lines == [line.format(stream) for line in about for stream in ("one", "two")]


NUMBER: dict[str, Any] = {"type": ["number", "null"]}


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ({"type": "integer"}, "number"),
        ({"type": "number"}, "number"),
        (NUMBER, "number"),
        ({"type": "string", "format": "date"}, "date"),
        ({"type": "string", "format": "date-time"}, "date"),
        ({"type": "array", "items": NUMBER}, "number"),
        ({"type": "object", "additionalProperties": NUMBER}, "number"),
        ({"type": "object", "properties": {"b": {"items": {"items": NUMBER}}}}, "number"),
        ({"type": "string", "format": "uri"}, None),
        ({"type": "string"}, None),
        ({"type": ["boolean", "null"]}, None),
        ({"type": "object", "additionalProperties": True}, None),
        ({}, None),
    ],
)
def test_a_hash_fits_no_column_with_a_number_or_a_date_in_it(
    column: dict[str, Any], kind: str | None
) -> None:
    """At any depth."""
    line = TEXT.format("hash", "a", kind).replace("things", "one")
    assert misfits_of(("a", "hash"), a=column)[:1] == ([line] if kind else [])


@pytest.mark.parametrize(
    ("field", "path"),
    [
        ("size", "lists[*].inner.size"),
        ("lists[*].inner.size", "lists[*].inner.size"),
        ("lists.inner.size", "lists.inner.size"),
        ("lists.*.*", "lists.inner.size"),
        ('["lists"]', "lists"),
        ("lists[*]", "lists[*]"),
        ("*[*].inner", "lists[*].inner"),
    ],
)
def test_a_column_is_shown_by_its_path(field: str, path: str) -> None:
    """A bare name by the path at which it was found."""
    inner = {"type": "object", "properties": {"size": NUMBER}}
    lists = {"type": "array", "items": {"type": "object", "properties": {"inner": inner}}}
    line = TEXT.format("hash", path, "number").replace("things", "one")
    assert misfits_of((field, "hash"), lists=lists)[:1] == [line]


@pytest.mark.parametrize(
    ("field", "is_known"),
    [
        ("list[*].any", True),
        ("list[*][*]", True),
        ("anything[*].any", True),
        ("anything.any", True),
        ("closed.any", True),
        ("text[*]", False),
        ("text.any", False),
        ("object[*]", False),
        ("object.any", False),
        ("object.list", True),
    ],
)
def test_what_a_schema_leaves_open_may_be_anything(field: str, *, is_known: bool) -> None:
    """A list without items, an object without names, a column without a type."""
    columns = {
        "list": {"type": ["array", "null"]},
        "anything": {},
        "closed": {"type": "object", "additionalProperties": True},
        "text": {"type": ["string", "null"]},
        "object": {"type": "object", "properties": {"list": {"type": "array"}}},
    }
    schema = {"type": "object", "properties": columns}
    rules = [{"field": field, "action": "drop"}]
    assert unknown(rules, {"things": schema}) == ([] if is_known else [field])


@pytest.mark.parametrize("name", [".a", "..", "XX.a"])
def test_a_column_is_shown_with_all_of_its_name(name: str) -> None:
    """A dot in front of it too, below another column or not."""
    column: dict[str, Any] = {name: NUMBER}
    for field in (json.dumps([name]), "*"):
        (line, _other) = misfits_of((field, "hash"), **column)
        assert f'"{name}" of one' in line
    (line, _other) = misfits_of(("b.*", "hash"), b={"properties": {name: NUMBER}})
    assert f'"b.{name}" of one' in line
    column = {name: {"properties": {"size": NUMBER}}}
    (line, _other) = misfits_of(("size", "hash"), **column)
    assert f'"{name}.size" of one' in line
