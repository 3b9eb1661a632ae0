;;; session.el --- What all sessions with eglot need  -*- lexical-binding: t; -*-

;;; Commentary:

;; Patience, menus answered, the file opened and the server ended in good order.  Loaded by the sessions beside it.
;;
;; Nothing here sets up the server: that is what the manual's settings are for.

;;; Code:

(require 'cl-lib)
(require 'eglot)
(require 'flymake)

(defconst session-patience 300 "Seconds until a wait has failed: the machine may be busy.")

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
;; A server that ends when it was told to is not to be started again.
(setq eglot-autoreconnect nil)

(defun session-open (file)
  "Open FILE and wait for the server, which is returned."
  (find-file file)
  (buffer-enable-undo)
  (call-interactively #'eglot)
  (session-await "the server is there" #'eglot-current-server))

(defun session-end (server)
  "End SERVER and wait for that: eglot would kill it in the middle of what it tidies up."
  (let ((process (jsonrpc--process server)))
    (jsonrpc-request server :shutdown nil)
    (jsonrpc-notify server :exit nil)
    (session-await "the server ends" (lambda () (not (process-live-p process))))
    (cl-assert (eq (process-exit-status process) 0) t))
  (message "held"))

(provide 'session)

;;; session.el ends here
