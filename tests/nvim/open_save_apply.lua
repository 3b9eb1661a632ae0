--- A Neovim session as a user has it: opens a file, sees goals, edits, saves, looks at the evidence of what was proved,
--- applies it, undoes, redoes.
---
--- Run by `tests/lsp/neovim.rs` with `nvim -l` in a copy of the fixture project `python-pytest`, with the plugin
--- installed and configured as its README says. A Lua error is a failed test.

local session = dofile(vim.fs.joinpath(vim.fs.dirname(arg[0]), 'session.lua'))
local RULE = 'python/return-condition'
local IMPROVED = { 'def is_empty(books):', '    return len(books) == 0' }

local function text()
  return vim.api.nvim_buf_get_lines(0, 0, -1, true)
end

local function expect_text(what, expected)
  assert(vim.deep_equal(text(), expected), what .. ':\n' .. table.concat(text(), '\n'))
end

--- Where the function to be improved is now, counted from 0.
local function function_line()
  local line = vim.fn.search([[\V\^def is_empty]], 'cnw') - 1
  assert(line >= 0, 'the function is gone')
  return line
end

--- The buffer with that function improved.
local function improved()
  local lines = vim.list_slice(text(), 1, function_line())
  return vim.list_extend(lines, IMPROVED)
end

--- Applies what is proven by that rule at the cursor, as a user's key does.
local function apply()
  vim.lsp.buf.code_action({
    apply = true,
    filter = function(action)
      local cause = (action.diagnostics or {})[1]
      return vim.startswith(action.title, 'Apply: ') and cause ~= nil and cause.code == RULE
    end,
  })
end

session.open('shelf.py')
session.await('a goal is shown', session.diagnostic(RULE, vim.diagnostic.severity.HINT))

-- An edit above the function, so that what is proved has to be shown where the function is now.
vim.api.nvim_buf_set_lines(0, 1, 1, true, { '', 'LIMIT = 10' })
vim.cmd.write()
local improvement = session.await('an improvement is proved', session.diagnostic(RULE, vim.diagnostic.severity.INFO))
assert(improvement.lnum == function_line() + 1, 'it is shown in another place')
session.await('the status tells of it and of the end of the run', function()
  return require('hephaestus').status():match('^hephaestus: idle, %d+ proven')
end)
session.expect_no_twins()

-- The lens above the function shows the evidence.
vim.api.nvim_win_set_cursor(0, { function_line() + 1, 0 })
session.await('a lens tells of the improvement', function()
  for _, lens in ipairs(vim.lsp.codelens.get(0)) do
    if lens.range.start.line == function_line() and lens.command.title:match('improvement') then
      return lens
    end
  end
end)
session.press('grl')
local card = session.text_in(session.await('the evidence is shown', session.float))
assert(card:match('Return the condition itself') and card:match('not checked'), card)
session.press('q')

-- A key pressed would end the undo step; a script has to.
vim.o.undolevels = vim.o.undolevels
local before, after = text(), improved()
vim.api.nvim_win_set_cursor(0, { improvement.lnum + 1, improvement.col })
apply()
session.await('the action changes the buffer', function()
  return not vim.deep_equal(text(), before)
end)
expect_text('the action made something else of the buffer', after)

vim.cmd.undo()
expect_text('one undo does not return the old text', before)
vim.cmd.redo()
expect_text('redo does not return the new text', after)
vim.cmd.write()
assert(not vim.bo.modified, 'the buffer was not written')

vim.cmd.new()
assert(require('hephaestus').status() == '', 'a buffer without a server has a status')
print('held')
