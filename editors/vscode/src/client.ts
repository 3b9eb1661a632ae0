// What of the language client's library is used. It is a bundle of its own, so that starting the extension does not wait
// for it to be read; nothing but the session may load it.
export { LanguageClient, RevealOutputChannelOn, State } from 'vscode-languageclient/node';
