--- `:checkhealth hephaestus`: what is there, what runs, what is not as good as it could be, and how to mend it.
---
--- It changes nothing, and runs nothing of a project that is not known to be trusted.

local clients = require('hephaestus.client')
local server = require('hephaestus.server')
local status = require('hephaestus.status')

local M = {}

local health = vim.health
local DOCTOR_MS = 60000
local STATS_MS = 2000

local function check_neovim()
  local version = tostring(vim.version())
  if vim.fn.has('nvim-0.11') == 1 then
    health.ok('Neovim ' .. version)
  else
    health.error(('Neovim %s is too old'):format(version), 'Install Neovim 0.11 or newer')
  end
end

--- Runs the program and waits; nil when it cannot be started or does not end.
local function run(program, arguments, folder)
  local words = vim.list_extend({ program }, arguments)
  local ok, process = pcall(vim.system, words, { text = true, cwd = folder })
  local done = ok and process:wait(DOCTOR_MS)
  return done and done.signal == 0 and done or nil
end

--- Whether the server's program is there.
---@return string? program
local function check_program()
  local command = server.command()
  if not command then
    health.info('the server is reached by other means than a program')
    return
  end
  local program = vim.fn.exepath(command[1])
  if program == '' then
    health.error(('`%s` is not found'):format(command[1]), {
      'Install it and put it on PATH',
      "or say where it is: vim.lsp.config('hephaestus', { cmd = { '/path/to/hephaestus', 'lsp' } })",
    })
    return
  end
  local done = run(program, { '--version' })
  if not done or done.code ~= 0 then
    health.error(('`%s --version` fails'):format(program), 'Build or install it anew')
    return
  end
  health.ok(('%s: %s'):format(vim.trim(done.stdout), program))
  return program
end

local function check_options()
  local given = vim.g.hephaestus
  if given == nil then
    return
  elseif type(given) ~= 'table' then
    return health.error('vim.g.hephaestus is no table', 'See :help g:hephaestus')
  end
  local known = require('hephaestus.attach').OPTIONS
  for name, value in vim.spairs(given) do
    if not known[name] then
      health.warn(('vim.g.hephaestus has no option `%s`'):format(name), 'See :help g:hephaestus')
    elseif type(value) ~= known[name] then
      health.warn(('vim.g.hephaestus.%s is to be a %s'):format(name, known[name]), 'See :help g:hephaestus')
    else
      health.ok(('vim.g.hephaestus.%s = %s'):format(name, tostring(value)))
    end
  end
end

local function check_enabled()
  if vim.lsp.is_enabled and not vim.lsp.is_enabled(clients.NAME) then
    health.warn('the server is not enabled', "Put vim.lsp.enable('hephaestus') into init.lua")
  end
end

---@param client vim.lsp.Client
local function check_client(client)
  local root = clients.root(client)
  local count = vim.tbl_count(client.attached_buffers)
  local version = vim.tbl_get(client, 'server_info', 'version') or 'of unknown version'
  health.ok(('server %s for %s, %d buffers'):format(version, root or 'files outside of any workspace', count))
  local said = status.of(client)
  for _, line in ipairs(status.report(client)) do
    local is_error = said and said.state == 'error'
    health[is_error and 'warn' or 'info'](line)
  end
  if said and said.state == 'untrusted' then
    health.warn('the folder is not trusted: nothing is run in it', 'To trust it: :Hephaestus trust yes')
  elseif said and root then
    health.ok('trust: tests may be run, or you are asked first')
  end
end

--- Whether something may be run in the client's folder: the configuration says so, or something was run already.
---@param client vim.lsp.Client
local function is_trusted(client)
  if (status.of(client) or {}).state == 'untrusted' then
    return false
  elseif vim.tbl_get(client.config, 'init_options', 'trusted') == true then
    return true
  end
  local answer = client:request_sync('hephaestus/stats', nil, STATS_MS)
  return (vim.tbl_get(answer or {}, 'result', 'forges') or 0) > 0
end

-- How the states of `hephaestus doctor` are told.
local TELL = {
  works = function(line)
    health.ok(line)
  end,
  degraded = function(line, mend)
    health.warn(line, mend)
  end,
  absent = function(line)
    health.info(line)
  end,
  broken = function(line, mend)
    health.error(line, mend)
  end,
}

--- The doctor looks at the machine alone in a folder without a project.
---@param program string
---@param root string? The workspace, where it may be looked at
local function check_machine(program, root)
  local folder = root or vim.fn.tempname()
  if not root then
    vim.fn.mkdir(folder, 'p')
  end
  local done = run(program, { 'doctor', '--json', '--root', folder }, folder)
  if not root then
    vim.fn.delete(folder, 'rf')
  end
  local ok, found = pcall(vim.json.decode, done and done.stdout or '', { luanil = { object = true } })
  if not ok or type(found) ~= 'table' then
    local reason = done and vim.trim(done.stderr) or 'it did not end'
    return health.error('`hephaestus doctor --json` fails: ' .. reason)
  end
  for _, entry in ipairs(found) do
    local tell = TELL[entry.state] or TELL.absent
    tell(('%s: %s'):format(entry.name, entry.detail), entry.mend and { entry.mend } or nil)
  end
end

function M.check()
  health.start('hephaestus: the plugin')
  check_neovim()
  local program = check_program()
  check_enabled()
  check_options()
  health.start('hephaestus: servers')
  local all = clients.all()
  if #all == 0 then
    health.info('no server is running: it is started when a file of its languages is opened')
  end
  local trusted
  for _, client in ipairs(all) do
    check_client(client)
    if is_trusted(client) then
      trusted = trusted or clients.root(client)
    end
  end
  if program then
    health.start('hephaestus: this machine' .. (trusted and ', for ' .. trusted or ''))
    check_machine(program, trusted)
  end
  health.info('the log: ' .. server.log_file())
end

return M
