--- What happens by itself when asked for in `vim.g.hephaestus`: code lenses, and applying what is proven on save.
---
--- Without those settings it does nothing.

local clients = require('hephaestus.client')

local M = {}

local FIX_ALL = 'source.fixAll.hephaestus'

---@class hephaestus.Options `vim.g.hephaestus`
---@field code_lens? boolean Show code lenses and keep them fresh
---@field fix_on_save? boolean Apply on save what is proven for the text just before it
---@field fix_timeout? integer Milliseconds a save waits for that, 1000 by default

--- The options there are and their types, for `:checkhealth`.
M.OPTIONS = { code_lens = 'boolean', fix_on_save = 'boolean', fix_timeout = 'number' }

---@return hephaestus.Options
local function options()
  return type(vim.g.hephaestus) == 'table' and vim.g.hephaestus or {}
end

--- Shows code lenses in a buffer, or brings them up to date.
---@param bufnr integer
function M.refresh_lenses(bufnr)
  -- From Neovim 0.12 on they keep themselves fresh.
  if vim.lsp.codelens.enable then
    vim.lsp.codelens.enable(true, { bufnr = bufnr })
  else
    vim.lsp.codelens.refresh({ bufnr = bufnr })
  end
end

--- Asks and waits, for a save cannot be put off.
local function ask_now(client, method, params, bufnr)
  local answer = client:request_sync(method, params, options().fix_timeout or 1000, bufnr)
  return answer and not answer.err and answer.result or nil
end

--- Applies everything about the buffer that was proved together for the text it has.
---@param bufnr integer
function M.fix(bufnr)
  local client = clients.of(bufnr)
  if not client then
    return
  end
  local start = { line = 0, character = 0 }
  local params = {
    textDocument = { uri = vim.uri_from_bufnr(bufnr) },
    range = { start = start, ['end'] = start },
    context = { diagnostics = {}, only = { FIX_ALL }, triggerKind = 2 },
  }
  for _, action in ipairs(ask_now(client, 'textDocument/codeAction', params, bufnr) or {}) do
    local resolved = action.edit and action or ask_now(client, 'codeAction/resolve', action, bufnr)
    if resolved and resolved.edit then
      vim.lsp.util.apply_workspace_edit(resolved.edit, client.offset_encoding)
    end
  end
end

--- Sets up what concerns all buffers. Called once, when the first server is attached.
function M.setup()
  local group = vim.api.nvim_create_augroup('hephaestus', {})
  vim.api.nvim_create_autocmd({ 'DiagnosticChanged', 'LspAttach' }, {
    group = group,
    callback = function(event)
      if options().code_lens and clients.of(event.buf) then
        M.refresh_lenses(event.buf)
      end
    end,
  })
  vim.api.nvim_create_autocmd('BufWritePre', {
    group = group,
    callback = function(event)
      if options().fix_on_save then
        M.fix(event.buf)
      end
    end,
  })
end

return M
