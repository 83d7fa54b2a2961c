"""Gives the tools' schemas, as the built server lists them, to the converters of Google's and OpenAI's libraries.

Usage: converters.py SERVER_BINARY, with the Python that has `google-genai` and `openai-agents` installed. A schema that a converter
refuses takes every other tool of the agent with it. Prints `ok - name` or `not ok - name` for each check.
"""

import copy
import sys
import traceback
from importlib.metadata import version

import anyio
from agents.strict_schema import ensure_strict_json_schema
from google.genai import types
# Private, and what `genai` calls with the tools of an MCP session.
from google.genai._mcp_utils import mcp_to_gemini_tool
from mcp import StdioServerParameters
from mcp.client.client import Client
from mcp.client.stdio import stdio_client


async def tools():
    with open("/dev/null", "w") as nowhere:
        async with Client(stdio_client(StdioServerParameters(command=sys.argv[1], args=["--local"]), errlog=nowhere)) as client:
            return (await client.list_tools()).tools


def names(schema):
    """The names of all arguments: a converter must not lose one."""
    properties = schema.get("properties") or {}
    return {name: names(below) for name, below in properties.items()}


def as_declaration(tool, schema):
    declaration = types.FunctionDeclaration(name=tool.name, description=tool.description, parameters=schema)
    return declaration.parameters.model_dump(exclude_none=True)


def as_gemini_tool(tool, _schema):
    [declaration] = mcp_to_gemini_tool(tool).function_declarations
    return declaration.parameters.model_dump(exclude_none=True)


def as_strict(_tool, schema):
    return ensure_strict_json_schema(copy.deepcopy(schema))


GENAI, AGENTS = (f"{package} {version(package)}" for package in ("google-genai", "openai-agents"))
CONVERTERS = {
    f"{GENAI}, FunctionDeclaration(parameters=...)": as_declaration,
    f"{GENAI}, mcp_to_gemini_tool": as_gemini_tool,
    f"{AGENTS}, ensure_strict_json_schema": as_strict,
}
failed = 0
for tool in anyio.run(tools):
    schema = tool.model_dump(by_alias=True)["inputSchema"]
    for converter, convert in CONVERTERS.items():
        name = f"{converter}: takes the schema of {tool.name}"
        try:
            converted = convert(tool, schema)
            assert names(converted) == names(schema), f"{names(converted)} of {names(schema)}"
            print(f"ok - {name}")
        except Exception as error:
            failed += 1
            print(f"not ok - {name}")
            print("".join(f"#   {line}\n" for line in "".join(traceback.format_exception(error)).splitlines()))
sys.exit(1 if failed else 0)
