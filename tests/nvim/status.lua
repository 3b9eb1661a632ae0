--- The status line's text for everything a server may say. The server is `fake.lua`.
---
--- Run by `tests/lsp/neovim.rs` with `nvim -l`, with the plugin installed. A Lua error is a failed test.

local fake = dofile(vim.fs.joinpath(vim.fs.dirname(arg[0]), 'fake.lua'))
local status = require('hephaestus').status

local function said(words)
  fake.say('hephaestus/status', words)
end

local function await_status(expected)
  local ok = vim.wait(10000, function()
    return status() == expected
  end, 5)
  assert(ok, ('expected `%s`, there is `%s`'):format(expected, status()))
end

vim.lsp.config('hephaestus', { cmd = fake.start })
vim.lsp.enable('hephaestus')
assert(status() == '', 'there is a status without a server')
vim.cmd.edit('shelf.py')
await_status('hephaestus: starting')

local rows = {
  { { state = 'indexing', message = '', proven = 0, goals = 0 }, 'hephaestus: indexing' },
  { { state = 'forging', message = 'shelf.py', proven = 0, goals = 5 }, 'hephaestus: forging, 5 goals' },
  { { state = 'idle', proven = 2, goals = 5 }, 'hephaestus: idle, 2 proven, 5 goals' },
  { { state = 'idle' }, 'hephaestus: idle' },
  { { state = 'untrusted', message = 'asked', proven = vim.NIL, goals = 'many' }, 'hephaestus: untrusted' },
  { { state = 'error', message = 'no\n  tests %d' }, 'hephaestus: error, no tests %d' },
  { { state = 'error', message = vim.NIL }, 'hephaestus: error' },
  {
    { state = 'forging', done = 2, total = 5, proven = 1, goals = 7 },
    'hephaestus: forging 2 of 5, 1 proven, 7 goals',
  },
  { { state = 'forging', done = 0, total = 0, goals = 7 }, 'hephaestus: forging, 7 goals' },
  { { state = 'forging', done = vim.NIL, total = 3 }, 'hephaestus: forging 0 of 3' },
  { { state = 'paused', reason = 'typing', total = 3 }, 'hephaestus: paused while you type' },
  { { state = 'paused', reason = 'user' }, 'hephaestus: paused by you' },
  { { state = 'paused', reason = 'moon' }, 'hephaestus: paused' },
  { { state = 'idle', goals = 1, degraded = 'no user namespaces' }, 'hephaestus: idle, 1 goals, degraded' },
  { { state = 'idle', degraded = vim.NIL }, 'hephaestus: idle' },
  { {}, 'hephaestus: unknown' },
}
for _, row in ipairs(rows) do
  said(row[1])
  await_status(row[2])
end

-- What is no status changes nothing.
said(vim.NIL)
said('idle')
said({ state = 'paused' })
await_status('hephaestus: paused')

vim.o.statusline = "%{v:lua.require'hephaestus'.status()}"
assert(vim.api.nvim_eval_statusline(vim.o.statusline, {}).str == 'hephaestus: paused')

-- Whoever wants to know is told by an event, and in full by a command.
local heard
vim.api.nvim_create_autocmd('User', {
  pattern = 'HephaestusStatus',
  callback = function(event)
    heard = event.data
  end,
})
said({ state = 'forging', message = 'shelf.py', done = 1, total = 2, proven = 1, degraded = 'no user namespaces' })
await_status('hephaestus: forging 1 of 2, 1 proven, degraded')
assert(heard.status.total == 2 and vim.lsp.get_client_by_id(heard.client_id).name == 'hephaestus')
vim.cmd('Hephaestus status')
local told = vim.fn.execute('messages')
for _, words in ipairs({ 'forging 1 of 2: shelf.py', '1 improvements proven', 'degraded: no user namespaces' }) do
  assert(told:find(words, 1, true), told)
end

vim.lsp.enable('hephaestus', false)
vim.lsp.stop_client(vim.lsp.get_clients({ name = 'hephaestus' }))
await_status('')
print('held')
