;;; eglot.el --- A session of Emacs with eglot, as a user has it  -*- lexical-binding: t; -*-

;;; Commentary:

;; Opens a file, sees goals, saves, sees what was proved, applies it, undoes, redoes, writes.
;;
;; Run by tests/lsp/eglot.rs with `emacs -Q --batch -l INIT -l eglot.el' in a copy of the fixture project
;; python-pytest; INIT has the settings of the manual's page on other editors.  An error is a failed test.
;; Nothing here sets up the server: that is what INIT is for.

;;; Code:

(load (expand-file-name "session.el" (file-name-directory load-file-name)) nil t)

(session-open "shelf.py")
(let ((goal (session-await "a goal is shown" (lambda () (session-diagnostic "Return the condition itself")))))
  (cl-assert (eq (line-number-at-pos (flymake-diagnostic-beg goal)) 12) t)
  (cl-assert (not (string-match-p "proven" (flymake-diagnostic-text goal))) t))

;; An edit above the function, so that what is proved has to be shown where the function is now.
(goto-char (point-min))
(forward-line 1)
(insert "\nLIMIT = 10\n")
(save-buffer)
(let ((proven (session-await "an improvement is proved"
                             (lambda () (session-diagnostic "Return the condition itself (proven improvement")))))
  (cl-assert (eq (line-number-at-pos (flymake-diagnostic-beg proven)) 14) t)
  (goto-char (flymake-diagnostic-beg proven)))

;; The code action, as a user picks it.
(undo-boundary)
(session-pick "Apply: Return the condition itself")
(let ((before (buffer-string)))
  (call-interactively #'eglot-code-actions)
  (session-await "the action changes the buffer" (lambda () (not (equal before (buffer-string)))))
  (let ((after (buffer-string)))
    (cl-assert (string-match-p "LIMIT = 10" after) t)
    (cl-assert (string-suffix-p "def is_empty(books):\n    return len(books) == 0\n" after) t)
    (undo-boundary)
    (undo)
    (cl-assert (equal (buffer-string) before) t)
    (undo-boundary)
    (undo)
    (cl-assert (equal (buffer-string) after) t)))
(save-buffer)
(session-end (eglot-current-server))

;;; eglot.el ends here
