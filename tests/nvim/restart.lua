--- A server that dies: the editor goes on, says so, and `:Hephaestus restart` brings it back with all there was to see.
---
--- Run by `tests/lsp/neovim.rs` with `nvim -l` in a copy of the fixture project `python-pytest`, with the plugin
--- installed. A Lua error is a failed test.

local session = dofile(vim.fs.joinpath(vim.fs.dirname(arg[0]), 'session.lua'))
local RULE = 'python/return-condition'

--- The server's process: the one child of this Neovim.
local function server_id()
  local children = vim.api.nvim_get_proc_children(vim.fn.getpid())
  assert(#children == 1, vim.inspect(children))
  return children[1]
end

local function is_idle()
  return require('hephaestus').status():match('^hephaestus: idle')
end

local first = session.open('shelf.py')
session.await('a goal is shown', session.diagnostic(RULE))
local id = server_id()
assert(vim.uv.kill(id, 'sigkill') == 0)
session.await('Neovim notices', function()
  return #vim.lsp.get_clients({ name = 'hephaestus' }) == 0 and require('hephaestus').status() == ''
end)

-- Without a server every word is an answer and no error.
vim.cmd('Hephaestus status')
vim.cmd('Hephaestus forge')
vim.cmd('Hephaestus evidence')
session.await('the user is told', function()
  return session.was_told('no server is running') and session.was_told('no server looks after this buffer')
end)

vim.cmd('Hephaestus restart')
local second = session.await('another server is there', function()
  local client = vim.lsp.get_clients({ bufnr = 0, name = 'hephaestus' })[1]
  return client and client.initialized and client
end)
assert(second.id ~= first.id and server_id() ~= id)
session.await('the goal is shown again', session.diagnostic(RULE))
session.expect_no_twins()
session.await('it is ready', is_idle)

-- A living one is ended in good order, and started again.
id = server_id()
vim.cmd('Hephaestus restart')
session.await('a third server is there', function()
  local client = vim.lsp.get_clients({ bufnr = 0, name = 'hephaestus' })[1]
  return client and client.id ~= second.id and client.initialized
end)
session.await('the second is gone', function()
  return not vim.uv.kill(id, 0)
end)
session.await('the goal is shown again', session.diagnostic(RULE))

-- The log tells of all of it.
vim.cmd('Hephaestus log')
assert(vim.bo.readonly and vim.api.nvim_buf_get_name(0):match('hephaestus/lsp%.log$'), vim.api.nvim_buf_get_name(0))
assert(vim.fn.search('the server ends', 'nw') > 0, 'the log does not tell of the end')
print('held')
