--- A Neovim session with a failing test: opens the test, saves it, sees where the reason may lie, applies the fix from the
--- test, and writes the code.
---
--- Run by `tests/lsp/neovim.rs` with `nvim -l` in a copy of the fixture project `python-pytest` whose code was broken, with
--- the plugin installed and configured as its README says. A Lua error is a failed test.

local session = dofile(vim.fs.joinpath(vim.fs.dirname(arg[0]), 'session.lua'))
local RULE = 'red-test'

--- Applies the fix that is offered at the cursor, as a user's key does.
local function apply()
  vim.lsp.buf.code_action({
    apply = true,
    filter = function(action)
      return vim.startswith(action.title, 'Apply the fix: ')
    end,
  })
end

session.open('test_shelf.py')
vim.cmd.write()
local fix = session.await('a fix is proved', session.diagnostic(RULE, vim.diagnostic.severity.INFO))
session.await('the status tells of the end of the run', function()
  return require('hephaestus').status():match('^hephaestus: idle, 1 proven')
end)
session.expect_no_twins()

vim.api.nvim_win_set_cursor(0, { fix.lnum + 1, fix.col })
apply()
local code = session.await('the code is changed', function()
  local buffer = vim.fn.bufnr('shelf.py')
  return buffer > 0 and vim.bo[buffer].modified and buffer
end)
vim.cmd.buffer(code)
vim.cmd.write()
assert(not vim.bo.modified, 'the buffer was not written')
print('held')
