--- What is there from the start: the command `:Hephaestus`, names for key mappings, and the hook for what is opted into.
---
--- Everything else is loaded when it is used. No key is mapped.

if vim.g.loaded_hephaestus then
  return
end
vim.g.loaded_hephaestus = true

-- Directives are looked after by the server; whatever is there for their format goes on working.
vim.filetype.add({
  pattern = {
    ['.*%.forge%.md'] = 'markdown.hephaestus',
    ['.*%.forge%.toml'] = 'toml.hephaestus',
    ['.*%.forge%.ya?ml'] = 'yaml.hephaestus',
  },
})

vim.api.nvim_create_user_command('Hephaestus', function(command)
  require('hephaestus.commands').run(command.fargs)
end, {
  nargs = '*',
  desc = 'Goals, evidence and proven improvements',
  complete = function(typed, line)
    return require('hephaestus.commands').complete(typed, line)
  end,
})

for _, name in ipairs({ 'apply', 'dismiss', 'evidence', 'forge', 'goals', 'preview', 'verify' }) do
  vim.keymap.set('n', ('<Plug>(hephaestus-%s)'):format(name), function()
    require('hephaestus')[name]()
  end, { desc = 'Hephaestus: ' .. name })
end

vim.api.nvim_create_autocmd('LspAttach', {
  group = vim.api.nvim_create_augroup('hephaestus.start', {}),
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    if client and client.name == 'hephaestus' then
      vim.api.nvim_del_augroup_by_name('hephaestus.start')
      require('hephaestus.attach').setup()
      vim.api.nvim_exec_autocmds('LspAttach', { group = 'hephaestus', buffer = event.buf, data = event.data })
    end
  end,
})
