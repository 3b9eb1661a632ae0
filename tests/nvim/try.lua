--- The profile of `editors/try-nvim`: the demo project is there, its goals are proved by a save, the keys it tells of work.
---
--- Run by `tests/lsp/neovim.rs` through that script. A Lua error is a failed test.

local session = dofile(vim.fs.joinpath(vim.fs.dirname(arg[0]), 'session.lua'))

local client = session.open('src/lib.rs')
assert(vim.fs.basename(client.root_dir) == 'parcel', client.root_dir)
vim.cmd.write()
local proven = session.await('an improvement is proved', function()
  return vim.diagnostic.get(0, { severity = vim.diagnostic.severity.INFO })[1]
end)
session.await('the run ends', function()
  return require('hephaestus').status():match('^hephaestus: idle, %d+ proven')
end)
session.answer_menus('proven: ')
proven = vim.diagnostic.get(0, { severity = vim.diagnostic.severity.INFO })[1] or proven
vim.api.nvim_win_set_cursor(0, { proven.lnum + 1, proven.col })
vim.api.nvim_feedkeys(vim.keycode('<Space>e'), 'mx', false)
local card = session.text_in(session.await('the evidence', session.float))
assert(card:find('Proven improvement', 1, true), card)
session.press('a')
session.await('the improvement is applied', function()
  return vim.bo.modified
end)
print('held')
