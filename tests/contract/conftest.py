"""Contract tests may ask for a real Docker engine, for registries and for Argo CD."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    # A plugin is loaded once, whoever else loads it: there is only one engine in a test run.
    config.pluginmanager.import_plugin("tests.contract.docker_engine")
    config.pluginmanager.import_plugin("tests.contract.oci_registries")
    config.pluginmanager.import_plugin("tests.contract.shelf")
    config.pluginmanager.import_plugin("tests.contract.sync_wait")
    config.pluginmanager.import_plugin("tests.contract.warm_place")
