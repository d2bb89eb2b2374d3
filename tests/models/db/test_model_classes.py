"""Tortoise is loaded without what takes long and is used for nothing here, and works as it is."""

import inspect
import re

import pytest
from tortoise import validators
from tortoise.exceptions import ValidationError


def test_its_validators_know_domains() -> None:
    assert type(validators.validate_domain_name.regex).__name__ == "_Late"
    for right in ("example.org", "bücher.example"):
        validators.validate_domain_name(right)
    for wrong in ("example", "-a.example", "a..example"):
        with pytest.raises(ValidationError):
            validators.validate_domain_name(wrong)


def test_what_was_changed_while_it_was_loaded_is_as_before() -> None:
    assert re.compile.__module__ == "re"
    assert inspect.getsource.__module__ == "inspect"
    assert "def test_its_validators" in inspect.getsource(test_its_validators_know_domains)
    assert isinstance(re.compile("a"), re.Pattern)
