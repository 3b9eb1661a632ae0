--- What users, key mappings and status lines call. Everything is done in the other modules, which are loaded when needed.
---
--- Diagnostics, code actions, hover and progress are Neovim's own client at work: none of it is done here.

local M = {}

--- One line such as `hephaestus: forging 2 of 5, 2 proven, 5 goals`; empty where no Hephaestus looks after the buffer.
---@param bufnr? integer The current buffer by default
---@return string
function M.status(bufnr)
  return require('hephaestus.status').line(bufnr)
end

--- Lists the goals: the workspace's in the quickfix list, or the file's in the location list.
---@param opts? { file?: boolean, open?: boolean }
function M.goals(opts)
  require('hephaestus.goals').list(opts)
end

--- Shows the evidence of the goal at the cursor in a floating window.
function M.evidence()
  require('hephaestus.actions').evidence()
end

--- Shows what is proven for the goal at the cursor as a diff in a tab.
function M.preview()
  require('hephaestus.actions').preview()
end

--- Applies what is proven for the goal at the cursor, or everything that was proved together about the file.
---@param opts? { all?: boolean }
function M.apply(opts)
  require('hephaestus.actions').apply(opts)
end

--- Forges the goal at the cursor, the file, or the workspace.
---@param what? 'goal'|'file'|'workspace' The file by default
function M.forge(what)
  require('hephaestus.actions').forge(what)
end

--- Hides the goal at the cursor until its code changes.
function M.dismiss()
  require('hephaestus.actions').dismiss()
end

--- Shows a dismissed goal again, picked from a menu.
function M.restore()
  require('hephaestus.actions').restore()
end

--- Proves the improvement of the goal at the cursor anew, from nothing.
function M.verify()
  require('hephaestus.actions').verify()
end

return M
