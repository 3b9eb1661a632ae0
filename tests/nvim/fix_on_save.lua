--- What is proven is applied by the next save, where the user opted into that; with the server's settings from Neovim.
---
--- Run by `tests/lsp/neovim.rs` with `nvim -l` in a copy of the fixture project `python-pytest`, with the plugin
--- installed, `fix_on_save` switched on and `editor.forge` set to `on-demand`. A Lua error is a failed test.

local session = dofile(vim.fs.joinpath(vim.fs.dirname(arg[0]), 'session.lua'))
local CONDITION, INFO = 'python/return-condition', vim.diagnostic.severity.INFO

local client = session.open('shelf.py')
local bufnr = vim.api.nvim_get_current_buf()
local function text()
  return table.concat(vim.api.nvim_buf_get_lines(bufnr, 0, -1, true), '\n')
end

session.await('a goal is shown', session.diagnostic(CONDITION))
session.await('the server is ready', function()
  return require('hephaestus').status():match('^hephaestus: idle')
end)

-- The setting arrives: the card tells what has to be done.
local goal = session.diagnostic(CONDITION)()
vim.api.nvim_win_set_cursor(0, { goal.lnum + 1, goal.col })
session.await('the setting has arrived', function()
  local place = vim.lsp.util.make_position_params(0, client.offset_encoding)
  local answer = client:request_sync('textDocument/hover', place, 60000)
  local card = vim.tbl_get(answer or {}, 'result', 'contents', 'value') or ''
  return card:find('it is proved when you forge the file', 1, true)
end)

-- And is obeyed: a save proves nothing, and applies nothing.
local before = text()
vim.cmd.write()
assert(text() == before, 'something was applied that nobody proved')
assert(session.forges(client) == 0, 'a save forges although it is to be asked for')

vim.cmd('Hephaestus forge')
session.await('an improvement is proved', session.diagnostic(CONDITION, INFO))
session.await('the run ends', function()
  return require('hephaestus').status():match('^hephaestus: idle, %d+ proven')
end)
assert(text() == before, 'something was applied before the save')
vim.cmd.write()
assert(text():match('return len%(books%) == 0') and text():match('%[book%["title"%] for book in books%]'), text())
assert(not vim.bo.modified and table.concat(vim.fn.readfile('shelf.py'), '\n') == text(), 'the file is not the text')

-- Nothing is proven now: a save leaves the text alone.
local after = text()
vim.cmd.write()
assert(text() == after)
print('held')
