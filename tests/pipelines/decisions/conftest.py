import pytest


@pytest.fixture
def house(tmp_path, keys_folder, monkeypatch):
    """Return the folder of a new project with keys of its own."""
    import decision_house

    monkeypatch.setenv("HALLMARK_KEYS", str(keys_folder))
    return decision_house.new(tmp_path / "house")
