using Microsoft.Data.Sqlite;

namespace LocalDapr;

/// <summary>The tables of sidecar.db and their migrations.</summary>
internal static class Schema
{
    /// <summary>"FiMe" in the file's header, which tells our databases from other programs'.</summary>
    public const int ApplicationId = 0x46694D65;

    /// <summary>Step n migrates schema n to n + 1. Never change a released step: append a new one.</summary>
    public static readonly IReadOnlyList<string> Steps =
    [
        """
        CREATE TABLE state (
            store   TEXT NOT NULL,
            key     TEXT NOT NULL,
            value   TEXT NOT NULL,
            etag    TEXT NOT NULL,
            expires INTEGER,
            PRIMARY KEY (store, key)
        );
        CREATE INDEX state_expiry ON state (expires) WHERE expires IS NOT NULL;

        CREATE TABLE subscription (
            id     INTEGER PRIMARY KEY,
            pubsub TEXT NOT NULL,
            topic  TEXT NOT NULL,
            app    TEXT NOT NULL,
            UNIQUE (pubsub, topic, app)
        );

        -- AUTOINCREMENT: an id is the message's sequence number and is never reused.
        CREATE TABLE message (
            id        INTEGER PRIMARY KEY AUTOINCREMENT,
            pubsub    TEXT NOT NULL,
            topic     TEXT NOT NULL,
            body      BLOB NOT NULL,
            metadata  TEXT,
            enqueued  INTEGER NOT NULL,
            expires   INTEGER,
            unclaimed INTEGER NOT NULL
        );
        CREATE INDEX message_unclaimed ON message (pubsub, topic, id) WHERE unclaimed = 1;

        CREATE TABLE delivery (
            message      INTEGER NOT NULL,
            subscription INTEGER NOT NULL,
            count        INTEGER NOT NULL,
            PRIMARY KEY (message, subscription)
        ) WITHOUT ROWID;

        CREATE TABLE dead_letter (
            id       INTEGER PRIMARY KEY,
            pubsub   TEXT NOT NULL,
            topic    TEXT NOT NULL,
            app      TEXT NOT NULL,
            body     BLOB NOT NULL,
            metadata TEXT,
            reason   TEXT NOT NULL,
            buried   INTEGER NOT NULL
        );
        """,
        // Redis remembers that a key was ever written first-write.
        "ALTER TABLE state ADD COLUMN first_write INTEGER NOT NULL DEFAULT 0",
        // Events that failed without a dead-letter topic are now redelivered after their claim time.
        "DROP TABLE dead_letter",
    ];

    /// <summary>Migrates the open file to the newest schema, all steps or none.</summary>
    /// <param name="connection">An open connection outside any transaction.</param>
    /// <param name="path">The file's path, for error messages.</param>
    /// <param name="steps">See <see cref="Steps"/>.</param>
    /// <exception cref="SidecarDataException">The file has a newer schema, or belongs to another program.</exception>
    public static void Upgrade(SqliteConnection connection, string path, IReadOnlyList<string> steps)
    {
        var version = ReadPragma(connection, "user_version");
        if (version > steps.Count)
        {
            throw new SidecarDataException(
                $"{path} was written by a newer version (schema {version}; this version supports {steps.Count}): use that version, or another --data folder.");
        }

        var owner = ReadPragma(connection, "application_id");
        if (owner != ApplicationId && (owner != 0 || version != 0 || HasTables(connection)))
        {
            throw new SidecarDataException($"{path} is not a local Dapr database: move it away, or use another --data folder.");
        }

        if (version == steps.Count)
        {
            return;
        }

        using var transaction = connection.BeginTransaction();
        for (var step = (int)version; step < steps.Count; step++)
        {
            Execute(connection, steps[step], transaction);
        }

        Execute(connection, $"PRAGMA application_id = {ApplicationId}; PRAGMA user_version = {steps.Count};", transaction);
        transaction.Commit();
    }

    private static long ReadPragma(SqliteConnection connection, string name)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA " + name;
        return (long)command.ExecuteScalar()!;
    }

    private static bool HasTables(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT EXISTS (SELECT 1 FROM sqlite_schema)";
        return (long)command.ExecuteScalar()! == 1;
    }

    private static void Execute(SqliteConnection connection, string sql, SqliteTransaction transaction)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
