--- What a user does with a goal: look at its evidence, preview, apply, forge, dismiss, restore, prove anew.
---
--- The server does all of it; here the goal is found and the command sent.

local clients = require('hephaestus.client')
local goals = require('hephaestus.goals')

local M = {}

local FORGES = {
  goal = 'hephaestus.forgeGoal',
  file = 'hephaestus.forgeFile',
  workspace = 'hephaestus.forgeWorkspace',
}

--- Sends a command about a goal.
---@param goal hephaestus.Goal
---@param command string
---@param said? string What the user is told when it went well
local function send(goal, command, said)
  clients.execute(goal.client, command, { goal.uri, goal.id }, function()
    if said then
      clients.say(said)
    end
  end)
end

---@param goal hephaestus.Goal
local function apply_goal(goal)
  send(goal, 'hephaestus.apply')
end

---@param goal hephaestus.Goal
local function preview_goal(goal)
  require('hephaestus.preview').show(goal)
end

--- An older server proves anew only what it does not remember.
---@param goal hephaestus.Goal
local function verify_goal(goal)
  local command = 'hephaestus.verify'
  send(goal, clients.has_command(goal.client, command) and command or FORGES.goal, 'it is proved anew')
end

---@param goal hephaestus.Goal
local function dismiss_goal(goal)
  send(goal, 'hephaestus.dismiss', 'dismissed until its code changes')
end

--- The keys of the floating window, as they are told at its foot.
---@type { key: string, name: string, run: fun(goal: hephaestus.Goal) }[]
local KEYS = {
  { key = 'a', name = 'apply', run = apply_goal },
  { key = 'p', name = 'preview', run = preview_goal },
  { key = 'v', name = 'prove again', run = verify_goal },
  { key = 'd', name = 'dismiss', run = dismiss_goal },
}

--- Shows the evidence of the goal at the cursor in a floating window.
function M.evidence()
  goals.pick(goals.LIVE, 'Evidence of', function(goal)
    require('hephaestus.evidence').show(goal, KEYS)
  end)
end

--- Runs the command `hephaestus.showEvidence` of a code lens: Neovim would send it and drop the answer.
---@param command lsp.Command
---@param context { client_id: integer, bufnr: integer }
function M.on_show_evidence(command, context)
  local client = vim.lsp.get_client_by_id(context.client_id)
  local uri, id = unpack(command.arguments or {})
  if client and type(uri) == 'string' and type(id) == 'string' then
    require('hephaestus.evidence').show({ client = client, uri = uri, id = id }, KEYS)
  end
end

--- Shows what is proven for the goal at the cursor as a diff in a tab.
function M.preview()
  goals.pick({ 'proven' }, 'Preview', preview_goal)
end

--- Applies what is proven for the goal at the cursor, or everything that was proved together about the file.
---@param opts? { all?: boolean }
function M.apply(opts)
  if not (opts and opts.all) then
    return goals.pick({ 'proven' }, 'Apply', apply_goal)
  end
  local client = clients.of(0)
  if client then
    clients.execute(client, 'hephaestus.applyAll', { vim.uri_from_bufnr(0) })
  else
    clients.warn('no server looks after this buffer')
  end
end

--- Forges the goal at the cursor, the file, or the workspace.
---@param what? 'goal'|'file'|'workspace' The file by default
function M.forge(what)
  what = what or 'file'
  if what == 'goal' then
    return goals.pick({ 'open', 'stale' }, 'Forge', function(goal)
      send(goal, FORGES.goal)
    end)
  end
  local client = clients.demand()
  if not client then
    return
  elseif what == 'workspace' then
    -- Without a document all folders are forged.
    local uri = clients.of(0) and vim.uri_from_bufnr(0)
    clients.execute(client, FORGES.workspace, { uri })
  elseif clients.of(0) then
    clients.execute(client, FORGES.file, { vim.uri_from_bufnr(0) })
  else
    clients.warn('no server looks after this buffer')
  end
end

--- Hides the goal at the cursor until its code changes.
function M.dismiss()
  goals.pick(goals.LIVE, 'Dismiss', dismiss_goal)
end

--- Shows a dismissed goal again, picked from a menu.
function M.restore()
  local client = clients.of(0)
  if client and not clients.has_command(client, 'hephaestus.restore') then
    return clients.warn('this server cannot restore goals: it is older than the plugin')
  end
  goals.pick({ 'dismissed' }, 'Show again', function(goal)
    send(goal, 'hephaestus.restore', 'it is shown again')
  end)
end

--- Proves the improvement of the goal at the cursor anew, from nothing.
function M.verify()
  goals.pick({ 'proven', 'stale', 'open' }, 'Prove again', verify_goal)
end

return M
