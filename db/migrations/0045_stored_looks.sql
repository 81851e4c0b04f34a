-- hand-written: begin
-- A trigger before an update, even one of another column, locks each row first and writes a record of that: for the thousands of rows that each look at a hypervisor changes, nearly half of the work. Afterwards it guards as well.
DROP TRIGGER resources_transition ON resources;
--> statement-breakpoint
CREATE TRIGGER resources_transition AFTER UPDATE OF status ON resources FOR EACH ROW EXECUTE FUNCTION transition_allowed('resource');
-- hand-written: end
