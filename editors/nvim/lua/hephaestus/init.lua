--- What Neovim's own client does not do with our server: its status for status lines, and the evidence on request.
---
--- Everything else (diagnostics, code actions, lenses, hover) is Neovim's client at work: none of it is done here.

local M = {}

---@class hephaestus.Status What the server sends with `hephaestus/status`.
---@field state 'idle'|'indexing'|'forging'|'paused'|'untrusted'|'error'
---@field message? string
---@field proven? integer Improvements that held and wait to be applied
---@field goals? integer Places that could be better

--- By client, so that a status goes when its client does.
---@type table<vim.lsp.Client, hephaestus.Status>
local statuses = setmetatable({}, { __mode = 'k' })

--- Takes the notification `hephaestus/status`.
---@type lsp.Handler
function M.on_status(_, status, context)
  local client = vim.lsp.get_client_by_id(context.client_id)
  if client and type(status) == 'table' then
    statuses[client] = status
    vim.cmd.redrawstatus({ bang = true })
  end
end

--- One line such as `hephaestus: forging, 2 proven, 5 goals`; empty where no Hephaestus looks after the buffer.
---@param bufnr? integer The current buffer by default
---@return string
function M.status(bufnr)
  local client = vim.lsp.get_clients({ bufnr = bufnr or 0, name = 'hephaestus' })[1]
  if not client then
    return ''
  end
  local status = statuses[client]
  if not status then
    return 'hephaestus: starting'
  end
  local parts = { type(status.state) == 'string' and status.state or 'unknown' }
  if status.state == 'error' and type(status.message) == 'string' then
    -- A status line has one line.
    table.insert(parts, (status.message:gsub('%s+', ' ')))
  end
  for _, what in ipairs({ 'proven', 'goals' }) do
    local count = status[what]
    if type(count) == 'number' and count > 0 then
      table.insert(parts, ('%d %s'):format(count, what))
    end
  end
  return 'hephaestus: ' .. table.concat(parts, ', ')
end

--- Runs the command `hephaestus.showEvidence`: Neovim would send it and drop the answer, which is the evidence.
---@param command lsp.Command
---@param context { client_id: integer, bufnr: integer }
function M.show_evidence(command, context)
  local client = vim.lsp.get_client_by_id(context.client_id)
  if not client then
    return
  end
  -- The card is shown here, so the server need not say the short of it as a message too.
  local arguments = vim.list_extend(vim.list_slice(command.arguments or {}, 1, 2), { true })
  local params = { command = command.command, arguments = arguments }
  client:request('workspace/executeCommand', params, function(failure, card)
    if failure then
      vim.notify('hephaestus: ' .. failure.message, vim.log.levels.ERROR)
    elseif type(card) == 'table' and type(card.value) == 'string' then
      local lines = vim.split(card.value, '\n', { trimempty = true })
      vim.lsp.util.open_floating_preview(lines, 'markdown', { focus_id = 'hephaestus.evidence' })
    end
  end, context.bufnr)
end

return M
