;;; settings.el --- Settings of a project, and commands by hand, in Emacs with eglot  -*- lexical-binding: t; -*-

;;; Commentary:

;; The project's `.dir-locals.el' says that nothing is proved unless asked for; a command of the manual asks for it.
;;
;; Run by tests/lsp/eglot.rs with `emacs -Q --batch -l INIT -l settings.el' in a copy of the fixture project
;; python-pytest; INIT has the settings of the manual's page, and FORGE the command there.  An error is a failed test.

;;; Code:

(load (expand-file-name "session.el" (file-name-directory load-file-name)) nil t)

(setq enable-local-variables :all)
(session-open "shelf.py")
(let ((goal (session-await "a goal is shown" (lambda () (session-diagnostic "Return the condition itself")))))
  (goto-char (flymake-diagnostic-beg goal)))
(defun settings-hover ()
  "What the server says about the place."
  (let ((hover (jsonrpc-request (eglot-current-server) :textDocument/hover (eglot--TextDocumentPositionParams))))
    (or (plist-get (plist-get hover :contents) :value) "")))
(session-await "the settings have arrived"
               (lambda () (string-match-p "it is proved when you forge the file" (settings-hover))))
(goto-char (point-max))
(insert "\n\nLIMIT = 10\n")
(save-buffer)
(cl-assert (not (session-diagnostic "proven improvement")) t)
(load (expand-file-name "../forge.el") nil t)
(session-await "an improvement is proved"
               (lambda () (session-diagnostic "Return the condition itself (proven improvement")))
(session-end (eglot-current-server))

;;; settings.el ends here
