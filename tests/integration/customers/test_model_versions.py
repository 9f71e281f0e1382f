"""Model versions that are kept: listed, compared, rejected, and never the one that decides."""

import pytest

from registry.customers.live.commands import propose
from registry.customers.live.versions import ModelInUse, find_model, list_versions, reject_version
from schemas.errors import UnknownName
from tests.integration.customers.conftest import JANNA, PIET, Counter


def test_a_version_nobody_wants_is_rejected_and_the_live_one_never(counter: Counter) -> None:
    (live,) = list_versions(counter.db)
    assert live.live
    assert live.usable
    counter.land(JANNA, PIET)
    new = propose(counter.db)
    assert [(one.version, one.live) for one in list_versions(counter.db)] == [
        (new.version, False), (live.version, True)
    ]  # fmt: skip
    assert propose(counter.db, version=new.version[:12]) == new
    with pytest.raises(ModelInUse):
        reject_version(counter.db, live.version)
    assert reject_version(counter.db, new.version[:12]) == new.version
    assert list_versions(counter.db) == [live]
    for gone in (new.version, "", "no-such"):
        with pytest.raises(UnknownName):
            find_model(counter.db, gone)
        with pytest.raises(UnknownName):
            reject_version(counter.db, gone)
