--- What the server says of itself with `hephaestus/status`, as a text for status lines and one for people.
---
--- It asks the server nothing, and bears whatever a server says.

local client_of = require('hephaestus.client')

local M = {}

---@class hephaestus.Status What the server sends with `hephaestus/status`.
---@field state 'idle'|'indexing'|'forging'|'paused'|'untrusted'|'error'
---@field message? string
---@field proven? integer Improvements that held and wait to be applied
---@field goals? integer Places that could be better
---@field done? integer Goals of the run under way that were dealt with
---@field total? integer All of its goals
---@field reason? 'typing'|'user' Why it is paused
---@field degraded? string Why tests run with less protection than could be

--- By client, so that a status goes when its client does.
---@type table<vim.lsp.Client, hephaestus.Status>
local statuses = setmetatable({}, { __mode = 'k' })

local PAUSED = { typing = 'paused while you type', user = 'paused by you' }

--- The text a field has; nothing where it is absent or no text. A status line has one line.
local function text(value)
  if type(value) == 'string' and value ~= '' then
    return (value:gsub('%s+', ' '))
  end
end

local function count(value)
  return type(value) == 'number' and value > 0 and value or nil
end

--- The first word or words: what it is doing.
---@param status hephaestus.Status
local function doing(status)
  local state = text(status.state) or 'unknown'
  if state == 'forging' and count(status.total) then
    return ('forging %d of %d'):format(count(status.done) or 0, status.total)
  elseif state == 'paused' then
    return PAUSED[status.reason] or state
  end
  return state
end

--- Takes the notification `hephaestus/status`, and raises the event `User HephaestusStatus`.
---@type lsp.Handler
function M.on_status(_, status, context)
  local client = vim.lsp.get_client_by_id(context.client_id)
  if client and type(status) == 'table' then
    statuses[client] = status
    vim.cmd.redrawstatus({ bang = true })
    local data = { client_id = client.id, status = status }
    vim.api.nvim_exec_autocmds('User', { pattern = 'HephaestusStatus', modeline = false, data = data })
  end
end

--- What the server of this client said last, if it said something.
---@param client vim.lsp.Client
---@return hephaestus.Status?
function M.of(client)
  return statuses[client]
end

--- One line such as `hephaestus: forging 2 of 5, 2 proven, 5 goals`; empty where no Hephaestus looks after the buffer.
---@param bufnr? integer The current buffer by default
---@return string
function M.line(bufnr)
  local client = client_of.of(bufnr)
  if not client then
    return ''
  end
  local status = statuses[client]
  if not status then
    return 'hephaestus: starting'
  end
  local parts = { doing(status) }
  table.insert(parts, status.state == 'error' and text(status.message) or nil)
  for _, what in ipairs({ 'proven', 'goals' }) do
    if count(status[what]) then
      table.insert(parts, ('%d %s'):format(status[what], what))
    end
  end
  table.insert(parts, text(status.degraded) and 'degraded' or nil)
  return 'hephaestus: ' .. table.concat(parts, ', ')
end

--- Everything there is to say about a client's server, line by line.
---@param client vim.lsp.Client
---@return string[]
function M.report(client)
  local status = statuses[client]
  if not status then
    return { 'starting' }
  end
  local lines = { doing(status) .. (text(status.message) and ': ' .. text(status.message) or '') }
  local counts = ('%d improvements proven, %d goals in open files'):format(
    count(status.proven) or 0,
    count(status.goals) or 0
  )
  table.insert(lines, counts)
  table.insert(lines, text(status.degraded) and 'degraded: ' .. text(status.degraded) or nil)
  return lines
end

return M
