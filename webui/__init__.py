"""The browser page: a thin skin over the public names of `voice`."""

from webui.editor_stubs import leave_out

leave_out()
