/** How much one call may do before it gives up by name. */
export interface Budgets {
  /**
   * Public-key operations. One pair of object and key counts once.
   * DESIGN: a path of ten certificates with a list and a list signer each takes thirty; 64 RSA-8192 verifications
   * take a tenth of a second. Fewer and crowds of CAs with one name are not searched through, more and a
   * caller can be kept busy by those who hand in intermediates.
   */
  readonly signatures: number;
  /**
   * Issuer candidates looked at, over all paths tried.
   * DESIGN: the bridges of the real world need tens; a layer of ten equivalent CAs multiplies paths by ten, and
   * three layers are still searched through.
   */
  readonly candidates: number;
  /**
   * Comparisons of a name with a name constraint, over all paths tried.
   * DESIGN: 2^18 take some hundred milliseconds; a certificate with 500 names under 500 constraints passes.
   */
  readonly nameComparisons: number;
}

export const defaultBudgets: Budgets = { signatures: 64, candidates: 1_000, nameComparisons: 2 ** 18 };

export type BudgetName = keyof Budgets;

/** Thrown where a budget ends; caught by the call it belongs to and told as `path/budget`. */
export class BudgetSpent extends Error {
  readonly budget: BudgetName;

  constructor(budget: BudgetName) {
    super(`budget spent: ${budget}`);
    this.name = 'BudgetSpent';
    this.budget = budget;
  }
}

/** What is left of the budgets of one call. */
export class Budget {
  readonly #left: Record<BudgetName, number>;

  constructor(budgets: Budgets) {
    this.#left = { ...budgets };
  }

  /** Takes from a budget, or throws `BudgetSpent` when less is left. */
  spend(budget: BudgetName, amount = 1): void {
    if (this.#left[budget] < amount) throw new BudgetSpent(budget);
    this.#left[budget] -= amount;
  }
}
