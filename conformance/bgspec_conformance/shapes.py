"""Shapes: each kind of callable that a plan can name, built around a plain function.

A builder takes the function that does the work (``async def`` for the shapes that the loop carries
out) and, for a partial, the arguments to bind; it gives back what is handed to ``add_task``. A
witness quotes these builders as they stand, so each is written to be read on its own.
"""

from __future__ import annotations

import functools
import operator
import types
from collections.abc import Callable, Generator
from typing import Any

from bgspec_conformance.vocabulary import Shape

__all__ = ["BINDS", "BUILDERS", "UNCALLABLE_OBJECTS"]

Work = Callable[..., Any]


def lambda_function(work: Work) -> Work:
    return lambda *args, **kwargs: work(*args, **kwargs)


def method(work: Work) -> Work:
    class Worker:
        def method(self, /, *args: Any, **kwargs: Any) -> Any:
            return work(*args, **kwargs)

    return Worker().method


def class_method(work: Work) -> Work:
    class Worker:
        @classmethod
        def method(cls, /, *args: Any, **kwargs: Any) -> Any:
            return work(*args, **kwargs)

    return Worker.method


def static_method(work: Work) -> Work:
    class Worker:
        @staticmethod
        def method(*args: Any, **kwargs: Any) -> Any:
            return work(*args, **kwargs)

    return Worker.method


def partial(work: Work, *bound: Any) -> Work:
    return functools.partial(work, *bound)


def nested_partial(work: Work, *bound: Any) -> Work:
    inner = functools.partial(work, *bound[:1])
    inner.__doc__ = "One with an attribute of its own is not merged with the next."
    return functools.partial(inner, *bound[1:])


def partial_method(work: Work, *bound: Any) -> Work:
    class Worker:
        def method(self, /, *args: Any, **kwargs: Any) -> Any:
            return work(*args, **kwargs)

        partial = functools.partialmethod(method, *bound)

    return Worker().partial


def instance(work: Work) -> Work:
    class Worker:
        def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
            return work(*args, **kwargs)

    return Worker()


def wrapper_function(work: Work) -> Work:
    async def wrapped() -> None: ...

    @functools.wraps(wrapped)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return work(*args, **kwargs)

    return wrapper


def builtin(work: Work) -> Work:
    # operator.call(work, *args, **kwargs): the work leads the arguments.
    return operator.call


def class_(work: Work) -> Work:
    class Worker:
        def __init__(self, /, *args: Any, **kwargs: Any) -> None:
            work(*args, **kwargs)

    return Worker


def async_method(work: Work) -> Work:
    class Worker:
        async def method(self, /, *args: Any, **kwargs: Any) -> Any:
            return await work(*args, **kwargs)

    return Worker().method


def async_class_method(work: Work) -> Work:
    class Worker:
        @classmethod
        async def method(cls, /, *args: Any, **kwargs: Any) -> Any:
            return await work(*args, **kwargs)

    return Worker.method


def async_static_method(work: Work) -> Work:
    class Worker:
        @staticmethod
        async def method(*args: Any, **kwargs: Any) -> Any:
            return await work(*args, **kwargs)

    return Worker.method


def async_partial_of_method(work: Work, *bound: Any) -> Work:
    return functools.partial(async_method(work), *bound)


def async_partial_method(work: Work, *bound: Any) -> Work:
    class Worker:
        async def method(self, /, *args: Any, **kwargs: Any) -> Any:
            return await work(*args, **kwargs)

        partial = functools.partialmethod(method, *bound)

    return Worker().partial


def async_instance(work: Work) -> Work:
    class Worker:
        async def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
            return await work(*args, **kwargs)

    return Worker()


def async_nested_partial_method(work: Work, *bound: Any) -> Work:
    class Worker:
        async def method(self, /, *args: Any, **kwargs: Any) -> Any:
            return await work(*args, **kwargs)

        partial = functools.partialmethod(method, *bound[:1])
        nested: functools.partialmethod[Any] = functools.partialmethod(partial, *bound[1:])

    return Worker().nested


def async_partial_of_instance(work: Work, *bound: Any) -> Work:
    return functools.partial(async_instance(work), *bound)


def async_wrapper(work: Work) -> Work:
    def wrapped() -> None: ...

    @functools.wraps(wrapped)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        return await work(*args, **kwargs)

    return wrapper


def sync_decorator(work: Work) -> Work:
    @functools.wraps(work)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return work(*args, **kwargs)

    return wrapper


def lru_cache(work: Work) -> Work:
    return functools.lru_cache(work)


def raw_static_method(work: Work) -> Work:
    return staticmethod(work)


def partial_method_of_partial(work: Work, *bound: Any) -> Work:
    async def method(self: object, /, *args: Any, **kwargs: Any) -> Any:
        return await work(*args, **kwargs)

    class Worker:
        partial = functools.partialmethod(functools.partial(method), *bound)

    return Worker().partial


def instance_of_instance(work: Work) -> Work:
    class Worker:
        __call__ = async_instance(work)

    return Worker()


def types_coroutine(work: Work) -> Work:
    @types.coroutine
    def wrapper(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        awaited: Generator[Any, Any, Any] = work(*args, **kwargs).__await__()
        return (yield from awaited)

    return wrapper


def awaitable_object(work: Work) -> Work:
    class Later:
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            self.work = functools.partial(work, *args, **kwargs)

        def __await__(self) -> Generator[Any, Any, Any]:
            awaited: Generator[Any, Any, Any] = self.work().__await__()
            return (yield from awaited)

    return lambda *args, **kwargs: Later(*args, **kwargs)


def generator(work: Work) -> Work:
    def generate(*args: Any, **kwargs: Any) -> Any:
        yield work(*args, **kwargs)

    return generate


def async_generator(work: Work) -> Work:
    async def generate(*args: Any, **kwargs: Any) -> Any:
        yield await work(*args, **kwargs)

    return generate


def generator_method(work: Work) -> Work:
    class Worker:
        def method(self, /, *args: Any, **kwargs: Any) -> Any:
            yield work(*args, **kwargs)

    return Worker().method


def async_generator_method(work: Work) -> Work:
    class Worker:
        async def method(self, /, *args: Any, **kwargs: Any) -> Any:
            yield await work(*args, **kwargs)

    return Worker().method


def partial_of_generator(work: Work, *bound: Any) -> Work:
    return functools.partial(generator(work), *bound)


def partial_of_async_generator(work: Work, *bound: Any) -> Work:
    return functools.partial(async_generator(work), *bound)


def generator_instance(work: Work) -> Work:
    class Worker:
        def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
            yield work(*args, **kwargs)

    return Worker()


def async_generator_instance(work: Work) -> Work:
    class Worker:
        async def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
            yield await work(*args, **kwargs)

    return Worker()


def strict(work: Work) -> Work:
    def of_one_parameter(one: Any) -> Any:
        return work(one)

    return of_one_parameter


def async_strict(work: Work) -> Work:
    async def of_one_parameter(one: Any) -> Any:
        return await work(one)

    return of_one_parameter


BUILDERS: dict[Shape, Callable[..., Work]] = {
    Shape.LAMBDA: lambda_function,
    Shape.METHOD: method,
    Shape.CLASS_METHOD: class_method,
    Shape.STATIC_METHOD: static_method,
    Shape.PARTIAL: partial,
    Shape.NESTED_PARTIAL: nested_partial,
    Shape.PARTIAL_METHOD: partial_method,
    Shape.INSTANCE: instance,
    Shape.WRAPPER: wrapper_function,
    Shape.BUILTIN: builtin,
    Shape.CLASS: class_,
    Shape.ASYNC_METHOD: async_method,
    Shape.ASYNC_CLASS_METHOD: async_class_method,
    Shape.ASYNC_STATIC_METHOD: async_static_method,
    Shape.ASYNC_PARTIAL: partial,
    Shape.ASYNC_NESTED_PARTIAL: nested_partial,
    Shape.ASYNC_PARTIAL_OF_METHOD: async_partial_of_method,
    Shape.ASYNC_PARTIAL_METHOD: async_partial_method,
    Shape.ASYNC_NESTED_PARTIAL_METHOD: async_nested_partial_method,
    Shape.ASYNC_INSTANCE: async_instance,
    Shape.ASYNC_PARTIAL_OF_INSTANCE: async_partial_of_instance,
    Shape.ASYNC_WRAPPER: async_wrapper,
    Shape.LAMBDA_AROUND_ASYNC: lambda_function,
    Shape.SYNC_DECORATOR: sync_decorator,
    Shape.LRU_CACHE: lru_cache,
    Shape.RAW_STATIC_METHOD: raw_static_method,
    Shape.PARTIAL_METHOD_OF_PARTIAL: partial_method_of_partial,
    Shape.INSTANCE_OF_INSTANCE: instance_of_instance,
    Shape.TYPES_COROUTINE: types_coroutine,
    Shape.AWAITABLE_OBJECT: awaitable_object,
    Shape.GENERATOR: generator,
    Shape.ASYNC_GENERATOR: async_generator,
    Shape.GENERATOR_METHOD: generator_method,
    Shape.ASYNC_GENERATOR_METHOD: async_generator_method,
    Shape.PARTIAL_OF_GENERATOR: partial_of_generator,
    Shape.PARTIAL_OF_ASYNC_GENERATOR: partial_of_async_generator,
    Shape.GENERATOR_INSTANCE: generator_instance,
    Shape.ASYNC_GENERATOR_INSTANCE: async_generator_instance,
    Shape.STRICT: strict,
    Shape.ASYNC_STRICT: async_strict,
}
"""The builder of each shape that wraps the work; the others are the work itself, a container, or
cannot be called."""

BINDS: dict[Shape, int] = {
    Shape.PARTIAL: 1,
    Shape.NESTED_PARTIAL: 2,
    Shape.PARTIAL_METHOD: 1,
    Shape.ASYNC_PARTIAL: 1,
    Shape.ASYNC_NESTED_PARTIAL: 2,
    Shape.ASYNC_PARTIAL_OF_METHOD: 1,
    Shape.ASYNC_PARTIAL_METHOD: 1,
    Shape.ASYNC_NESTED_PARTIAL_METHOD: 2,
    Shape.ASYNC_PARTIAL_OF_INSTANCE: 1,
    Shape.PARTIAL_METHOD_OF_PARTIAL: 1,
    Shape.PARTIAL_OF_GENERATOR: 1,
    Shape.PARTIAL_OF_ASYNC_GENERATOR: 1,
}
"""How many of the positional arguments a partial binds; the rest go to ``add_task``."""

UNCALLABLE_OBJECTS: dict[Shape, str] = {
    Shape.NONE: "None",
    Shape.INTEGER: "42",
    Shape.STRING: "'work'",
    Shape.OBJECT: "object()",
}
"""Expressions for what cannot be called; a coroutine object is a call of the work."""
