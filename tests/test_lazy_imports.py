"""Names of a package that are imported on first use."""

import sys

import pytest

from elman.lazy_imports import attach


def test_names_and_submodules_are_imported_once_and_listed():
    sys.modules.pop("xml.dom.minidom", None)
    import xml.dom

    xml.dom.__dict__.pop("minidom", None)
    import_name, names = attach("xml.dom", {"fractions": ("Fraction", "Decimal")}, submodules=("minidom",))
    assert names == ["Decimal", "Fraction", "minidom"]
    assert import_name("minidom") is sys.modules["xml.dom.minidom"]
    assert import_name("Fraction") is sys.modules["fractions"].Fraction
    assert xml.dom.__dict__.pop("Fraction") is sys.modules["fractions"].Fraction
    with pytest.raises(AttributeError, match="module 'xml.dom' has no attribute 'maxidom'"):
        import_name("maxidom")
