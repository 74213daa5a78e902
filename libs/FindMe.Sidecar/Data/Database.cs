using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace FindMe.Sidecar;

/// <summary>sidecar.db: one thread writes, many operations a commit; readers see the last commit and wait for nobody.</summary>
/// <remarks>
/// WAL with synchronous=NORMAL: what was acknowledged survives the end of the process, kill -9 included.
/// A power cut or a crash of the operating system may take the last commits back, but leaves a sound file.
/// </remarks>
internal sealed partial class Database : IAsyncDisposable
{
    // Bounds the wait of the first operation in a batch, not the throughput: a batch this long commits in a few milliseconds.
    private const int OperationsPerCommit = 256;

    private readonly FileStream _lock;
    private readonly string _connectionString;
    private readonly Session _writer;
    private readonly ConcurrentBag<Session> _readers = [];
    private readonly BlockingCollection<Write> _writes = [];
    private readonly TaskCompletionSource _writerEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ILogger _logger;

    private Database(FileStream fileLock, string path, string connectionString, SqliteConnection connection, ILogger logger)
    {
        _lock = fileLock;
        _connectionString = connectionString;
        _writer = new Session(connection);
        _logger = logger;
        Path = path;
        new Thread(WriteUntilClosed) { IsBackground = true, Name = "sidecar writer" }.Start();
    }

    /// <summary>Full path of the database file.</summary>
    public string Path { get; }

    /// <summary>Opens or makes the database of a folder.</summary>
    /// <exception cref="SidecarDataException">The folder cannot be used; the message says why.</exception>
    public static Database Open(string folder, ILogger logger)
    {
        var path = System.IO.Path.GetFullPath(System.IO.Path.Combine(folder, "sidecar.db"));
        FileStream? fileLock = null;
        SqliteConnection? connection = null;
        try
        {
            Directory.CreateDirectory(folder);
            fileLock = Lock(path);
            var connectionString = new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ConnectionString;
            connection = new SqliteConnection(connectionString);
            connection.Open();
            Pragma(connection, "PRAGMA auto_vacuum = INCREMENTAL");
            Schema.Upgrade(connection, path, Schema.Steps);
            // secure_delete: a deleted key's bytes are overwritten, since a state store holds personal data.
            Pragma(connection, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON; PRAGMA busy_timeout = 5000");
            return new Database(fileLock, path, connectionString, connection, logger);
        }
        catch (Exception failure)
        {
            connection?.Dispose();
            fileLock?.Dispose();
            if (failure is SqliteException or IOException or UnauthorizedAccessException)
            {
                throw new SidecarDataException(
                    $"{path} cannot be used ({failure.Message.TrimEnd('.')}): free some disk space, make the folder writable, or use another --data folder.", failure);
            }

            throw;
        }
    }

    /// <summary>Runs an operation in the next commit; completes once that commit is in the file.</summary>
    /// <param name="operation">Must be repeatable: after a failure beside it, it is rolled back and run again.</param>
    /// <param name="committed">Run on the writer's thread after the commit, in the order of the operations.</param>
    /// <exception cref="SqliteException">The operation or its commit failed; nothing of it is in the file.</exception>
    public Task<T> WriteAsync<T>(Func<Session, T> operation, Action<T>? committed = null)
    {
        var write = new Write<T>(operation, committed);
        if (!TryAdd(write))
        {
            write.Fail(new ObjectDisposedException(nameof(Database)));
        }

        return write.Completion;
    }

    /// <summary>Runs an operation in the next commit without anybody waiting for it; a failure is logged.</summary>
    public void Post(Action<Session> operation) =>
        TryAdd(new Posted(operation, failure => LogPostFailed(_logger, failure)));

    /// <summary>Reads what is committed, beside the writer.</summary>
    public T Read<T>(Func<Session, T> query)
    {
        if (!_readers.TryTake(out var reader))
        {
            var connection = new SqliteConnection(_connectionString);
            connection.Open();
            Pragma(connection, "PRAGMA query_only = 1; PRAGMA busy_timeout = 5000");
            reader = new Session(connection);
        }

        var result = query(reader);
        // After an exception the reader is left to the garbage collector: its statements may be half-way.
        _readers.Add(reader);
        return result;
    }

    /// <summary>Commits what was handed in, then closes and unlocks the file.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_writes.IsAddingCompleted)
        {
            _writes.CompleteAdding();
        }

        await _writerEnded.Task;
        foreach (var reader in _readers)
        {
            reader.Dispose();
        }

        _readers.Clear();
        try
        {
            _writer.Execute("PRAGMA wal_checkpoint(TRUNCATE)");
        }
        catch (SqliteException failure)
        {
            LogCheckpointFailed(_logger, failure);
        }

        _writer.Dispose();
        await _lock.DisposeAsync();
    }

    // The operating system drops this lock with the process, however it ends.
    private static FileStream Lock(string path)
    {
        try
        {
            return new FileStream(path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException failure) when (File.Exists(path + ".lock") && failure is not (FileNotFoundException or DirectoryNotFoundException))
        {
            throw new SidecarDataException($"{path} is in use by another sidecar: stop it, or use another --data folder.", failure);
        }
    }

    private static void Pragma(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private bool TryAdd(Write write)
    {
        try
        {
            _writes.Add(write);
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private void WriteUntilClosed()
    {
        var batch = new List<Write>(OperationsPerCommit);
        foreach (var first in _writes.GetConsumingEnumerable())
        {
            batch.Add(first);
            while (batch.Count < OperationsPerCommit && _writes.TryTake(out var next))
            {
                batch.Add(next);
            }

            if (!TryCommit(batch))
            {
                // One of them spoilt the batch: each on its own, so that only that one fails.
                foreach (var write in batch)
                {
                    TryCommit([write]);
                }
            }

            batch.Clear();
        }

        _writerEnded.SetResult();
    }

    private bool TryCommit(IReadOnlyList<Write> batch)
    {
        try
        {
            _writer.Execute("BEGIN IMMEDIATE");
            foreach (var write in batch)
            {
                write.Run(_writer);
            }

            _writer.Execute("COMMIT");
        }
        catch (Exception failure)
        {
            RollBack();
            if (batch.Count > 1)
            {
                return false;
            }

            batch[0].Fail(failure);
            return true;
        }

        foreach (var write in batch)
        {
            write.Complete();
        }

        return true;
    }

    private void RollBack()
    {
        try
        {
            _writer.Execute("ROLLBACK");
        }
        catch (SqliteException)
        {
            // SQLite has already rolled back by itself, as it does when the disk is full.
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A write to the sidecar's database failed")]
    private static partial void LogPostFailed(ILogger logger, Exception failure);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The write-ahead log could not be folded into the database; the next start does it")]
    private static partial void LogCheckpointFailed(ILogger logger, Exception failure);

    private abstract class Write
    {
        public abstract void Run(Session session);

        public abstract void Complete();

        public abstract void Fail(Exception failure);
    }

    private sealed class Write<T>(Func<Session, T> operation, Action<T>? committed) : Write
    {
        private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T _result = default!;

        public Task<T> Completion => _completion.Task;

        public override void Run(Session session) => _result = operation(session);

        public override void Complete()
        {
            committed?.Invoke(_result);
            _completion.SetResult(_result);
        }

        public override void Fail(Exception failure) => _completion.SetException(failure);
    }

    private sealed class Posted(Action<Session> operation, Action<Exception> failed) : Write
    {
        public override void Run(Session session) => operation(session);

        public override void Complete()
        {
        }

        public override void Fail(Exception failure) => failed(failure);
    }
}
