--- `:Hephaestus report`: a page is written and opened, whether or not the program has one without a run.
---
--- Run by `tests/lsp/neovim.rs` with `nvim -l` in a copy of the fixture project `python-pytest`, with the plugin
--- installed. A Lua error is a failed test.

local session = dofile(vim.fs.joinpath(vim.fs.dirname(arg[0]), 'session.lua'))
local RULE = 'python/return-condition'

local opened
---@diagnostic disable-next-line: duplicate-set-field
vim.ui.open = function(path)
  opened = path
  return nil, nil
end

-- An older program needs a run for it, and asks.
session.answer_menus('Run the tests now')
session.open('shelf.py')
vim.cmd.write()
session.await('an improvement is proved', session.diagnostic(RULE, vim.diagnostic.severity.INFO))
session.await('the run ends', function()
  return require('hephaestus').status():match('^hephaestus: idle')
end)
vim.cmd('Hephaestus report')
session.await('the page is opened', function()
  return opened
end)
local page = table.concat(vim.fn.readfile(opened), '\n')
assert(vim.startswith(page:lower(), '<!doctype html>'), page:sub(1, 200))
assert(page:find('return-condition', 1, true), 'the page does not have the improvement')
assert(vim.startswith(opened, vim.fn.stdpath('cache')), opened)
print('held')
