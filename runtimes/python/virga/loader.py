"""Loads a function's handler from its package."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from types import FunctionType, ModuleType
from typing import Any, Callable

from .failures import describe, innermost_line

DEFAULT_MODULES = ("main", "handler", "__init__", "index")
DEFAULT_HANDLER = "handler"
#: Folders of a package that dependencies are vendored into.
VENDOR_FOLDERS = ("vendor", "site-packages")
#: Flags of the code of coroutine functions and asynchronous generators.
_ASYNC = 0x80 | 0x200


class LoadError(Exception):
    """The package has no such module or handler; `type` is the protocol's name for it."""

    def __init__(self, type: str, message: str) -> None:
        super().__init__(message)
        self.type = type


def enter(root: str, environment: dict[str, str]) -> None:
    """Makes the package the process's surroundings: working directory, environment and module path."""
    os.environ.update(environment)
    os.chdir(root)
    folders = [root, *(os.path.join(root, name) for name in VENDOR_FOLDERS)]
    sys.path[:0] = [folder for folder in folders if os.path.isdir(folder)]


def load(root: str, handler: str) -> Callable[..., Any]:
    """The callable that `handler` (`module:function`, either part may be empty) names.

    Raises LoadError, and whatever the user's module raises while it is imported.
    """
    module_name, _, function_name = handler.partition(":")
    module_name = module_name.removesuffix(".py").strip("./").replace("/", ".") or _default_module(root)
    return _find_handler(_import(root, module_name), module_name, function_name or DEFAULT_HANDLER)


def is_async(handler: Callable[..., Any]) -> bool:
    """Calling the handler gives something to await, or an async generator."""
    if type(handler) is FunctionType and not handler.__dict__:
        return bool(handler.__code__.co_flags & _ASYNC)

    # Decorated, or an object: rare, and `inspect` takes long to import.
    import inspect

    candidates = [inspect.unwrap(handler), getattr(handler, "func", None), getattr(type(handler), "__call__", None)]
    return any(inspect.iscoroutinefunction(one) or inspect.isasyncgenfunction(one) for one in candidates)


def describe_load_failure(error: BaseException, root: str) -> dict[str, Any]:
    """The `error` of SPECIALISED, with the place in the package where there is one."""
    details = describe(error)
    location = _location(error, root)
    if isinstance(error, LoadError):
        details["type"] = error.type
    elif isinstance(error, ModuleNotFoundError):
        details["type"] = "module-not-found"
        package = (error.name or "").partition(".")[0]
        details["message"] += f"; put dependencies into the package: pip install --target {VENDOR_FOLDERS[0]} {package}"
    if location:
        details["location"] = location
    return details


def _default_module(root: str) -> str:
    for name in DEFAULT_MODULES:
        if os.path.isfile(os.path.join(root, name + ".py")):
            return name
    modules = _modules_in(root)
    if len(modules) == 1:
        return modules[0]
    found = "there are " + ", ".join(name + ".py" for name in modules) if modules else "there is no .py file"
    expected = ", ".join(name + ".py" for name in DEFAULT_MODULES)
    raise LoadError("module-not-found", f"the package has none of {expected}, and {found}; name one as handler: module:function")


def _modules_in(root: str) -> list[str]:
    return sorted(name[:-3] for name in os.listdir(root) if name.endswith(".py"))


def _import(root: str, name: str) -> ModuleType:
    path = os.path.join(root, *name.split("."))
    is_package = os.path.isfile(os.path.join(path, "__init__.py"))
    if not is_package and not os.path.isfile(path + ".py"):
        modules = ", ".join(_modules_in(root)) or "none"
        raise LoadError("module-not-found", f"the package has no module '{name}'; its modules: {modules}")
    if name != "__init__" and name not in sys.modules:
        return importlib.import_module(name)
    # The package itself, or a module with the name of one that the runtime has imported.
    alias = "function" if name == "__init__" else f"function.{name}"
    file = os.path.join(path, "__init__.py") if is_package else path + ".py"
    spec = importlib.util.spec_from_file_location(
        alias, file, submodule_search_locations=[os.path.dirname(file)] if is_package or name == "__init__" else None
    )
    assert spec is not None and spec.loader is not None
    module = sys.modules[alias] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _find_handler(module: ModuleType, module_name: str, name: str) -> Callable[..., Any]:
    found: Any = module
    for part in name.split("."):
        found = getattr(found, part, None)
    if callable(found):
        return found
    own = [
        key for key, value in vars(module).items()
        if callable(value) and not key.startswith("_") and getattr(value, "__module__", None) == module.__name__
    ]
    problem = f"has no '{name}'" if found is None else f"has a '{name}' that cannot be called"
    raise LoadError("handler-not-found", f"the module '{module_name}' {problem}; it defines: {', '.join(own) or 'nothing callable'}")


def _location(error: BaseException, root: str) -> str | None:
    if isinstance(error, SyntaxError) and error.filename:
        place = [os.path.relpath(error.filename, root), error.lineno, error.offset]
        return ":".join(str(part) for part in place if part)
    line = innermost_line(error, root)
    return None if line is None else f"{os.path.relpath(line[0], root)}:{line[1]}"
