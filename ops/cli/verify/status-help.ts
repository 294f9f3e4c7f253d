/** The last paragraph of the help of each command here. */
export const statusHelp =
  'Exit status: 0 valid; 1 not valid; 2 could not be judged (a file or an option). Of several files the worst counts,\n2 before 1.';
