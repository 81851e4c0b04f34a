-- A journal entry sums to zero per currency, checked when the transaction commits.
CREATE FUNCTION journal_entry_balances() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM journal_lines WHERE entry_id = NEW.entry_id GROUP BY currency HAVING sum(amount) <> 0) THEN
    RAISE EXCEPTION 'journal entry % does not sum to zero', NEW.entry_id USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE CONSTRAINT TRIGGER journal_entry_balances AFTER INSERT ON journal_lines DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION journal_entry_balances();
--> statement-breakpoint
-- Booked is booked: what was wrong is corrected by another entry. The same for the record of state changes and the audit log.
CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$;
--> statement-breakpoint
CREATE TRIGGER journal_entries_append_only BEFORE UPDATE OR DELETE ON journal_entries FOR EACH ROW EXECUTE FUNCTION append_only();
--> statement-breakpoint
CREATE TRIGGER journal_lines_append_only BEFORE UPDATE OR DELETE ON journal_lines FOR EACH ROW EXECUTE FUNCTION append_only();
--> statement-breakpoint
CREATE TRIGGER transitions_append_only BEFORE UPDATE OR DELETE ON transitions FOR EACH ROW EXECUTE FUNCTION append_only();
--> statement-breakpoint
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE ON audit_log FOR EACH ROW EXECUTE FUNCTION append_only();
--> statement-breakpoint
CREATE TRIGGER paid_periods_append_only BEFORE UPDATE OR DELETE ON paid_periods FOR EACH ROW EXECUTE FUNCTION append_only();
--> statement-breakpoint
-- The pairs (from, to) that a lifecycle allows; a test compares them with the transition tables in the modules.
CREATE TABLE allowed_transitions (entity text NOT NULL, "from" text NOT NULL, "to" text NOT NULL, PRIMARY KEY (entity, "from", "to"));
--> statement-breakpoint
CREATE FUNCTION transition_allowed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.status IS DISTINCT FROM OLD.status AND NOT EXISTS (SELECT 1 FROM allowed_transitions WHERE entity = TG_ARGV[0] AND "from" = OLD.status AND "to" = NEW.status) THEN
    RAISE EXCEPTION '% may not go from % to %', TG_ARGV[0], OLD.status, NEW.status USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER services_transition BEFORE UPDATE OF status ON services FOR EACH ROW EXECUTE FUNCTION transition_allowed('service');
--> statement-breakpoint
CREATE TRIGGER resources_transition BEFORE UPDATE OF status ON resources FOR EACH ROW EXECUTE FUNCTION transition_allowed('resource');
--> statement-breakpoint
CREATE TRIGGER invoices_transition BEFORE UPDATE OF status ON invoices FOR EACH ROW EXECUTE FUNCTION transition_allowed('invoice');
--> statement-breakpoint
CREATE TRIGGER payments_transition BEFORE UPDATE OF status ON payments FOR EACH ROW EXECUTE FUNCTION transition_allowed('payment');
--> statement-breakpoint
CREATE TRIGGER orders_transition BEFORE UPDATE OF status ON orders FOR EACH ROW EXECUTE FUNCTION transition_allowed('order');
--> statement-breakpoint
INSERT INTO allowed_transitions (entity, "from", "to") VALUES
  ('service', 'pending', 'active'), ('service', 'pending', 'ended'), ('service', 'active', 'past_due'), ('service', 'active', 'suspended'), ('service', 'active', 'ended'),
  ('service', 'past_due', 'active'), ('service', 'past_due', 'suspended'), ('service', 'past_due', 'ended'), ('service', 'suspended', 'active'), ('service', 'suspended', 'ended'),
  ('resource', 'none', 'provisioning'), ('resource', 'none', 'destroyed'), ('resource', 'provisioning', 'ready'), ('resource', 'provisioning', 'error'), ('resource', 'provisioning', 'destroying'),
  ('resource', 'error', 'provisioning'), ('resource', 'error', 'ready'), ('resource', 'error', 'stopped_by_policy'), ('resource', 'error', 'destroying'),
  ('resource', 'ready', 'stopped_by_policy'), ('resource', 'ready', 'error'), ('resource', 'ready', 'destroying'),
  ('resource', 'stopped_by_policy', 'ready'), ('resource', 'stopped_by_policy', 'error'), ('resource', 'stopped_by_policy', 'destroying'),
  ('resource', 'destroying', 'destroyed'), ('resource', 'destroying', 'error'),
  ('invoice', 'draft', 'issued'), ('invoice', 'draft', 'void'), ('invoice', 'issued', 'paid'), ('invoice', 'issued', 'void'), ('invoice', 'issued', 'uncollectible'), ('invoice', 'paid', 'issued'),
  ('payment', 'created', 'pending'), ('payment', 'created', 'settled'), ('payment', 'created', 'expired'), ('payment', 'created', 'failed'), ('payment', 'created', 'denied'),
  ('payment', 'pending', 'settled'), ('payment', 'pending', 'expired'), ('payment', 'pending', 'failed'), ('payment', 'pending', 'denied'),
  ('payment', 'expired', 'settled'), ('payment', 'failed', 'settled'), ('payment', 'denied', 'settled'),
  ('payment', 'settled', 'refunded'), ('payment', 'settled', 'charged_back'), ('payment', 'settled', 'denied'),
  ('order', 'placed', 'paid'), ('order', 'placed', 'cancelled'), ('order', 'paid', 'fulfilling'), ('order', 'fulfilling', 'fulfilled'), ('order', 'paid', 'cancelled'), ('order', 'fulfilling', 'cancelled');
