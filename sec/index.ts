/**
 * Smart Energy Code flows. So far the one thing that issuance needs of them: what the smart metering inventory says
 * of a device, imported from a file of JSON Lines. Trusts whoever may write that file to say which devices exist
 * and who is responsible for them, and nothing that is stale, cut short or from the future.
 */
export {
  openInventory,
  type FileInventory,
  type InventoryHealth,
  type InventoryOptions
} from './inventory/provider.js';
export { writeInventory } from './inventory/file.js';
