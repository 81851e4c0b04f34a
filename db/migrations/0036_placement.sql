CREATE TABLE "product_stock" (
	"product_id" uuid PRIMARY KEY NOT NULL,
	"places" integer,
	"complete" boolean NOT NULL,
	"limited_by" text,
	"counted_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "product_stock_places" CHECK ("product_stock"."places" >= 0),
	CONSTRAINT "product_stock_limited" CHECK ("product_stock"."limited_by" in ('memory', 'storage', 'cpu', 'addresses', 'stock_limit', 'accounts', 'disk', 'connections', 'unknown'))
);
--> statement-breakpoint
CREATE TABLE "headroom_looks" (
	"connection_id" uuid PRIMARY KEY NOT NULL,
	"looked_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "node_headroom" (
	"connection_id" uuid NOT NULL,
	"node" text NOT NULL,
	"memory_total" bigint NOT NULL,
	"memory_free" bigint NOT NULL,
	"storage_free" bigint NOT NULL,
	"storage_key" text NOT NULL,
	"cpu_cores" integer NOT NULL,
	CONSTRAINT "node_headroom_connection_id_node_pk" PRIMARY KEY("connection_id","node")
);
--> statement-breakpoint
ALTER TABLE "products" ADD COLUMN "placement_policy" text DEFAULT 'most_free' NOT NULL;--> statement-breakpoint
ALTER TABLE "connections" ADD COLUMN "cpu_overcommit" double precision;--> statement-breakpoint
ALTER TABLE "connections" ADD COLUMN "memory_overcommit" double precision DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "connections" ADD COLUMN "memory_reserve_gi_b" integer DEFAULT 4 NOT NULL;--> statement-breakpoint
ALTER TABLE "connections" ADD COLUMN "storage_reserve_gi_b" integer DEFAULT 20 NOT NULL;--> statement-breakpoint
ALTER TABLE "connections" ADD COLUMN "max_accounts" integer;--> statement-breakpoint
ALTER TABLE "product_stock" ADD CONSTRAINT "product_stock_product_id_products_id_fk" FOREIGN KEY ("product_id") REFERENCES "public"."products"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "headroom_looks" ADD CONSTRAINT "headroom_looks_connection_id_connections_id_fk" FOREIGN KEY ("connection_id") REFERENCES "public"."connections"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "node_headroom" ADD CONSTRAINT "node_headroom_connection_id_connections_id_fk" FOREIGN KEY ("connection_id") REFERENCES "public"."connections"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "products" ADD CONSTRAINT "products_placement" CHECK ("products"."placement_policy" in ('most_free', 'fill_first', 'spread_by_client'));--> statement-breakpoint
ALTER TABLE "connections" ADD CONSTRAINT "connections_limits" CHECK ("connections"."cpu_overcommit" between 0.1 and 64 and "connections"."memory_overcommit" between 0.5 and 4 and "connections"."memory_reserve_gi_b" between 0 and 4096 and "connections"."storage_reserve_gi_b" between 0 and 1048576 and "connections"."max_accounts" between 0 and 1000000);