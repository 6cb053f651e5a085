"""Settings from environment variables, for `--config ENV`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from singer_sdk.configuration._dict_config import parse_environment_config

if TYPE_CHECKING:
    from singer_sdk.plugin_base import PluginBase


def from_environment(plugin: type[PluginBase]) -> dict[str, Any]:
    """Return the settings of a plugin that environment variables set.

    A `.env` file is left out. The SDK reads the one in a folder above its own installation,
    whatever the working directory is, and lets it override the environment: a `start_date` in it
    would replace that of the day that an orchestrator loads.

    Args:
        plugin: The class of the plugin.
    """
    schema = plugin.config_jsonschema
    plugin.append_builtin_config(schema)
    return parse_environment_config(schema, plugin._env_var_prefix, os.devnull)  # noqa: SLF001
