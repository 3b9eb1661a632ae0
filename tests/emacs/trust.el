;;; trust.el --- The question of trust in Emacs with eglot  -*- lexical-binding: t; -*-

;;; Commentary:

;; Nothing is proved before the question is answered; once it is, a save proves.
;;
;; Run by tests/lsp/eglot.rs with `emacs -Q --batch -l INIT -l trust.el' in a copy of the fixture project python-pytest;
;; INIT has the settings of the manual's page on other editors, without the answer.  An error is a failed test.

;;; Code:

(load (expand-file-name "session.el" (file-name-directory load-file-name)) nil t)

(defvar session-asked nil "The questions so far.")

(setq completing-read-function
      (lambda (prompt collection &rest _)
        (push prompt session-asked)
        (or (cl-find "Trust" (all-completions "" collection) :test #'equal)
            (error "There is no `Trust': %S" (all-completions "" collection)))))

(session-open "shelf.py")
(session-await "a goal is shown" (lambda () (session-diagnostic "Return the condition itself")))
(cl-assert (null session-asked) t)
(goto-char (point-max))
(insert "\n\nLIMIT = 10\n")
(save-buffer)
(session-await "an improvement is proved"
               (lambda () (session-diagnostic "Return the condition itself (proven improvement")))
(cl-assert (eq (length session-asked) 1) t)
(cl-assert (string-match-p "trust" (downcase (car session-asked))) t)
(session-end (eglot-current-server))

;;; trust.el ends here
