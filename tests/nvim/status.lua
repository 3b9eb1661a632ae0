--- The status line's text for everything a server may say. The server is a few functions in this very process.
---
--- Run by `tests/lsp/neovim.rs` with `nvim -l`, with the plugin installed. A Lua error is a failed test.

local said
local closing = false

--- A server that answers the handshake and otherwise says what the rows below make it say.
local function server(dispatchers)
  said = function(status)
    dispatchers.notification('hephaestus/status', status)
  end
  local function stop()
    closing = true
    dispatchers.on_exit(0, 0)
  end
  return {
    request = function(method, _, callback)
      callback(nil, method == 'initialize' and { capabilities = {} } or vim.NIL)
      return true, 1
    end,
    notify = function(method)
      if method == 'exit' then
        stop()
      end
      return true
    end,
    is_closing = function()
      return closing
    end,
    terminate = stop,
  }
end

local status = require('hephaestus').status

local function await_status(expected)
  local ok = vim.wait(10000, function()
    return status() == expected
  end, 5)
  assert(ok, ('expected `%s`, there is `%s`'):format(expected, status()))
end

vim.lsp.config('hephaestus', { cmd = server })
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

vim.lsp.enable('hephaestus', false)
vim.lsp.stop_client(vim.lsp.get_clients({ name = 'hephaestus' }))
await_status('')
print('held')
