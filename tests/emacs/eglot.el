;;; eglot.el --- A session of Emacs with eglot, as a user has it  -*- lexical-binding: t; -*-

;;; Commentary:

;; Opens a file, sees goals, saves, sees what was proved, applies it, undoes, redoes, writes.
;;
;; Run by tests/lsp/eglot.rs with `emacs -Q --batch -l INIT -l eglot.el' in a copy of the fixture project
;; python-pytest; INIT has the settings of the manual's page on other editors.  An error is a failed test.
;; Nothing here sets up the server: that is what INIT is for.

;;; Code:

(require 'cl-lib)
(require 'eglot)
(require 'flymake)

(defconst session-patience 300 "Seconds until a wait has failed: the machine may be busy.")

(defvar session-rule "python/return-condition")

(defun session-shown ()
  "What is shown about the current buffer, for messages."
  (mapconcat (lambda (diagnostic)
               (format "%s %s" (flymake-diagnostic-type diagnostic) (flymake-diagnostic-text diagnostic)))
             (flymake-diagnostics) "\n  "))

(defun session-await (what condition)
  "Wait until CONDITION gives something, and return that.  WHAT is for the message when it never does."
  (let ((deadline (+ (float-time) session-patience))
        found)
    (while (not (setq found (funcall condition)))
      (when (> (float-time) deadline)
        (error "Not within %d s: %s\n  %s" session-patience what (session-shown)))
      (accept-process-output nil 0.05))
    found))

(defun session-diagnostic (words)
  "The diagnostic whose text has WORDS in it, if there is one."
  (cl-find-if (lambda (diagnostic) (string-match-p (regexp-quote words) (flymake-diagnostic-text diagnostic)))
              (flymake-diagnostics)))

(defun session-pick (words)
  "Answer menus with the choice that has WORDS in it."
  (setq completing-read-function
        (lambda (prompt collection &rest _)
          (or (cl-find-if (lambda (choice) (string-match-p (regexp-quote words) choice))
                          (all-completions "" collection))
              (error "`%s' has nothing about `%s': %S" prompt words (all-completions "" collection))))))

;; Without a screen a menu is asked in words.
(setq last-nonmenu-event ?x)
(setq make-backup-files nil)

(find-file "shelf.py")
(buffer-enable-undo)
(call-interactively #'eglot)
(session-await "the server is there" #'eglot-current-server)
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
(eglot-shutdown (eglot-current-server))
(message "held")

;;; eglot.el ends here
