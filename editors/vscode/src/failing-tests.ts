// Failing tests where the editor shows tests, each with the way to its fix. It must not run tests: the server does, and
// what it says of them is shown here.
import * as vscode from 'vscode';

import type { GoalStore } from './goal-store.js';
import { failingTests, type GoalNode } from './goal-tree.js';

const CONTROLLER = 'hephaestus.failing';

/** The tests whose fix is a goal. */
export class FailingTests implements vscode.Disposable {
  /** Made when the first test fails: who has none sees nothing of this. */
  private controller: vscode.TestController | undefined;
  private goals = new WeakMap<vscode.TestItem, GoalNode>();
  private shown = '[]';
  private readonly listener: vscode.Disposable;

  constructor(private readonly store: GoalStore) {
    this.listener = store.onDidChange(() => {
      this.update();
    });
  }

  /** The goal behind an item of the tests' view. */
  goalOf(item: unknown): GoalNode | undefined {
    return this.goals.get(item as vscode.TestItem);
  }

  private update(): void {
    const failing = failingTests(this.store.files);
    const told = JSON.stringify(failing);
    if (told === this.shown) return;
    this.shown = told;
    this.controller ??= vscode.tests.createTestController(CONTROLLER, vscode.l10n.t('Failing tests (Hephaestus)'));
    const controller = this.controller;
    this.goals = new WeakMap();
    const items = failing.map((node) => this.item(controller, node));
    controller.items.replace(items);
    if (items.length === 0) return;
    const run = controller.createTestRun(new vscode.TestRunRequest(items), undefined, false);
    for (const item of items) run.failed(item, new vscode.TestMessage(this.words(item)));
    run.end();
  }

  private item(controller: vscode.TestController, node: GoalNode): vscode.TestItem {
    const { file, goal } = node;
    const item = controller.createTestItem(`${file.uri}#${goal.id}`, goal.title, vscode.Uri.parse(file.uri));
    const { start, end } = goal.range;
    item.range = new vscode.Range(start.line, start.character, end.line, end.character);
    this.goals.set(item, node);
    return item;
  }

  /** Why it fails, and what is known of its fix. */
  private words(item: vscode.TestItem): string {
    const detail = this.goals.get(item)?.goal.detail ?? '';
    return detail === '' ? item.label : `${item.label}\n${detail}`;
  }

  dispose(): void {
    this.listener.dispose();
    this.controller?.dispose();
  }
}
