--- The server's clients: which one is meant, requests to it, and what is said to the user when something fails.
---
--- It knows nothing of goals, windows or commands.

local M = {}

M.NAME = 'hephaestus'

-- The protocol's word for "there is no such method": an older server.
local METHOD_NOT_FOUND = -32601

--- Methods a client's server was seen not to have.
---@type table<vim.lsp.Client, table<string, true>>
local missing = setmetatable({}, { __mode = 'k' })

--- Says something to the user.
---@param message string
---@param level? integer One of `vim.log.levels`, information by default
function M.say(message, level)
  vim.notify('hephaestus: ' .. message, level or vim.log.levels.INFO)
end

--- The same as a warning.
function M.warn(message)
  M.say(message, vim.log.levels.WARN)
end

--- The client of a buffer, if it has one.
---@param bufnr? integer The current buffer by default
---@return vim.lsp.Client?
function M.of(bufnr)
  return vim.lsp.get_clients({ bufnr = bufnr or 0, name = M.NAME })[1]
end

--- All clients: each has a server of its own.
---@return vim.lsp.Client[]
function M.all()
  return vim.lsp.get_clients({ name = M.NAME })
end

--- The client of the current buffer, else the only one there is; says why where there is none.
---@return vim.lsp.Client?
function M.demand()
  local all = M.all()
  local client = M.of(0) or (#all == 1 and all[1] or nil)
  if not client then
    M.warn(#all == 0 and 'no server is running: see :checkhealth hephaestus' or 'no server looks after this buffer')
  end
  return client
end

--- Asks the server for something of ours. A server that does not know it gives `callback(nil, nil)`.
---@param client vim.lsp.Client
---@param method string
---@param params table
---@param callback fun(answer: any, failure: string?)
function M.ask(client, method, params, callback)
  if (missing[client] or {})[method] then
    return callback(nil, nil)
  end
  local sent = client:request(method, params, function(failure, answer)
    if failure and failure.code == METHOD_NOT_FOUND then
      missing[client] = missing[client] or {}
      missing[client][method] = true
      callback(nil, nil)
    elseif failure then
      callback(nil, failure.message)
    else
      callback(answer, nil)
    end
  end)
  if not sent then
    callback(nil, 'the server has ended: `:Hephaestus restart` starts it again')
  end
end

--- Whether the server has this command.
---@param client vim.lsp.Client
---@param command string
function M.has_command(client, command)
  local provider = client.server_capabilities.executeCommandProvider
  return vim.list_contains(provider and provider.commands or {}, command)
end

--- Runs one of the server's commands. What fails is said.
---@param client vim.lsp.Client
---@param command string Such as `hephaestus.pause`
---@param arguments? any[]
---@param callback? fun(answer: any) Called when it went well
function M.execute(client, command, arguments, callback)
  if not M.has_command(client, command) then
    return M.warn(('this server does not know `%s`: it is older than the plugin'):format(command))
  end
  M.ask(client, 'workspace/executeCommand', { command = command, arguments = arguments }, function(answer, failure)
    if failure then
      M.say(failure, vim.log.levels.ERROR)
    elseif callback then
      callback(answer)
    end
  end)
end

--- The folder the client's server looks after, if there is one.
---@param client vim.lsp.Client
---@return string?
function M.root(client)
  local folder = (client.workspace_folders or {})[1]
  return client.root_dir or (folder and vim.uri_to_fname(folder.uri)) or nil
end

return M
