/** What a reader should see in each plot, and why the curve has its shape. Kept with the benchmark that draws it. */
export const curves: Readonly<Record<string, string>> = {
  'verify-cores':
    'Two processes double what one does where nothing is shared. Threads of one process fall behind for proof of ' +
    'possession: every request brings a key of its own, and OpenSSL takes a lock in the process for each import.',
  'adhoc-clients':
    'One connection alone waits for its own commits; with more, what arrives while one commit is under way goes into ' +
    'the next, so the rate rises until the processors are full and stays there.',
  'adhoc-p99':
    'Beyond the connections that fill the processors, a further one only lengthens the line: p99 grows in proportion.',
  'store-insert':
    'Serial numbers, request ids and hashes are random, so every row changes a page of its own in each of their ' +
    'indexes. While the indexes fit into memory the rate is nearly flat; beyond, pages are read before they are changed.',
  'store-lookup':
    'A look-up reads as many pages as the index has levels, one more at a hundred times the rows. What shows is how ' +
    'many of them the memory holds.',
  'repository-clients':
    'Look-ups that come while another is under way go together into the next statement, so many connections cost the ' +
    'server less each than one alone.',
  'batch-size':
    'A small batch is mostly its fixed cost: upload, approval, the states it goes through, each a commit of its own. From ' +
    'some thousands of requests on, the rate is that of the pipeline.',
  'batch-in-flight':
    'Batches share the pipeline and do not add to it: one of 50,000 fills both processors already.',
  'batch-workers':
    'On two processors one CA process and its signer, the RA, the repository and PostgreSQL are busy already: a second ' +
    'and third CA process must cost nothing, and cannot bring much.',
  'soak-memory': 'Flat after the first minutes is what is asked for: a line that rises is a leak.',
  'soak-latency': 'Ad hoc answers while batches run at a share of the measured rate.',
  'soak-lag':
    'Certificates that are issued and not yet published, and audit events recorded and not yet in the log: a line that ' +
    'rises is work put off.',
  'fairness-adhoc':
    'Ad hoc requests overtake batches at each hop; what is left is the wait for a processor and for the group in work.'
};
