"""The same requests straight to an upstream and through the proxy: what differs, and what may."""

import pytest

pytest.register_assert_rewrite("tests.differential.differences")
