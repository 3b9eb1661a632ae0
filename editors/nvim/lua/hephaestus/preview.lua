--- A proven change as a diff: for each file a tab with the text before and the text after side by side.
---
--- Nothing is changed: both sides are scratch buffers.

local clients = require('hephaestus.client')
local evidence = require('hephaestus.evidence')

local M = {}

---@class hephaestus.Change
---@field uri string
---@field before? string Absent where the file is created
---@field after? string Absent where it is deleted

local function split(text)
  local lines = vim.split(text or '', '\n')
  if lines[#lines] == '' then
    table.remove(lines)
  end
  return lines
end

--- A scratch buffer with a text, in the current window.
local function fill(text, name, filetype)
  local bufnr = vim.api.nvim_create_buf(false, true)
  vim.bo[bufnr].bufhidden = 'wipe'
  vim.api.nvim_buf_set_lines(bufnr, 0, -1, true, split(text))
  -- The name is there to be read; another preview may have it already.
  pcall(vim.api.nvim_buf_set_name, bufnr, name)
  vim.bo[bufnr].modifiable = false
  vim.api.nvim_win_set_buf(0, bufnr)
  vim.bo[bufnr].filetype = filetype or ''
  vim.keymap.set('n', 'q', '<Cmd>tabclose<CR>', { buffer = bufnr, nowait = true, desc = 'close the preview' })
  vim.cmd.diffthis()
end

---@param changes hephaestus.Change[]
local function open(changes)
  for _, change in ipairs(changes) do
    local path = vim.fn.fnamemodify(vim.uri_to_fname(change.uri), ':.')
    local filetype = vim.filetype.match({ filename = path, contents = split(change.before or change.after) })
    vim.cmd.tabnew()
    vim.bo.bufhidden = 'wipe'
    fill(change.before, 'before: ' .. path, filetype)
    vim.cmd('rightbelow vsplit')
    fill(change.after, 'after: ' .. path, filetype)
  end
end

local function as_text(value)
  return type(value) == 'string' and value or nil
end

--- The text of a document, as the editor has it, with a final line end.
local function text_of(bufnr)
  return table.concat(vim.api.nvim_buf_get_lines(bufnr, 0, -1, true), '\n') .. '\n'
end

--- A document before and after edits.
---@return hephaestus.Change
local function change_by(uri, edits, encoding)
  local bufnr = vim.uri_to_bufnr(uri)
  vim.fn.bufload(bufnr)
  local scratch = vim.api.nvim_create_buf(false, true)
  vim.api.nvim_buf_set_lines(scratch, 0, -1, true, vim.api.nvim_buf_get_lines(bufnr, 0, -1, true))
  vim.lsp.util.apply_text_edits(edits, scratch, encoding)
  local after = text_of(scratch)
  vim.api.nvim_buf_delete(scratch, { force = true })
  return { uri = uri, before = text_of(bufnr), after = after }
end

---@param edit lsp.WorkspaceEdit
---@return hephaestus.Change[]
local function changes_by(edit, encoding)
  local changes = {}
  for uri, edits in pairs(edit.changes or {}) do
    table.insert(changes, change_by(uri, edits, encoding))
  end
  for _, change in ipairs(edit.documentChanges or {}) do
    if change.textDocument then
      table.insert(changes, change_by(change.textDocument.uri, change.edits, encoding))
    end
  end
  return changes
end

--- The code action that applies a goal's improvement.
---@param goal hephaestus.Goal
local function action_of(goal, actions)
  for _, action in ipairs(actions or {}) do
    for _, diagnostic in ipairs(action.diagnostics or {}) do
      local is_own = vim.tbl_get(diagnostic, 'data', 'goal') == goal.id
      if is_own and vim.startswith(action.title, 'Apply') and not action.disabled then
        return action
      end
    end
  end
end

--- What an older server tells of a change: the edit of the code action that makes it.
---@param goal hephaestus.Goal
---@param callback fun(changes: hephaestus.Change[])
local function ask_for_edit(goal, callback)
  local diagnostic = { range = goal.range, message = '', source = clients.NAME, data = { goal = goal.id } }
  local params = {
    textDocument = { uri = goal.uri },
    range = goal.range,
    context = { diagnostics = { diagnostic }, triggerKind = 1 },
  }
  local function resolved(action, failure)
    if failure or not (action and action.edit) then
      return clients.warn(failure or 'nothing is proven for this goal')
    end
    callback(changes_by(action.edit, goal.client.offset_encoding))
  end
  clients.ask(goal.client, 'textDocument/codeAction', params, function(actions, failure)
    local action = action_of(goal, actions)
    if failure or not action or action.edit then
      resolved(action, failure)
    else
      clients.ask(goal.client, 'codeAction/resolve', action, resolved)
    end
  end)
end

--- The code lens names a goal without its place: it is looked up.
---@param goal { client: vim.lsp.Client, uri: string, id: string, range: lsp.Range? }
local function with_range(goal, callback)
  if goal.range then
    return callback(goal)
  end
  require('hephaestus.goals').ask(goal.client, function(goals)
    for _, known in ipairs(goals) do
      if known.id == goal.id and known.uri == goal.uri then
        return callback(known)
      end
    end
    clients.warn('nothing is known of this goal any more')
  end)
end

--- Opens the diff of what is proven for a goal.
---@param goal { client: vim.lsp.Client, uri: string, id: string, range: lsp.Range? }
function M.show(goal)
  evidence.ask(goal, function(found)
    if found.files and #found.files > 0 then
      return open(vim.tbl_map(function(file)
        return { uri = file.uri, before = as_text(file.before), after = as_text(file.after) }
      end, found.files))
    end
    with_range(goal, function(known)
      ask_for_edit(known, open)
    end)
  end)
end

return M
