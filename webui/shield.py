"""The last line of defence of the page: what no function expected becomes one sentence.

Actions and tabs answer the errors they know of themselves; any other would be shown by Gradio with
its own words, which may name files of this machine.
"""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable
from typing import Any

import gradio as gr
from gradio.context import LocalContext

from webui import messages
from webui.components.visitor import locale_of

logger = logging.getLogger("webui")


def shield(page: gr.Blocks) -> None:
    """Puts the shield before every function of a page."""
    for function in page.fns.values():
        if function.fn is not None:
            function.fn = shielded(function.fn)


def shielded(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function; its unexpected errors are logged, and told in the visitor's language."""
    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def steps(*args: Any, **options: Any) -> Any:
            try:
                yield from function(*args, **options)
            except Exception as error:
                raise _told(error) from None

        return steps

    @functools.wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        try:
            return function(*args, **options)
        except Exception as error:
            raise _told(error) from None

    return call


def _told(error: Exception) -> gr.Error:
    if isinstance(error, gr.Error):
        return error
    logger.error("a function of the page failed", exc_info=error)
    sentence = messages.explain(error, locale_of(LocalContext.request.get(None)))
    return gr.Error(sentence, print_exception=False)
