using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace LocalDapr;

/// <summary>The SQLite file sidecar.db. One thread writes, with many operations per commit; readers see the last commit without waiting.</summary>
/// <remarks>
/// WAL with synchronous=NORMAL: acknowledged writes survive a crash of the process, including kill -9.
/// A power cut or a crash of the operating system may lose the last commits, but does not damage the file.
/// Deleted data must be unreadable, since a state store holds personal data: secure_delete overwrites it in the database file, truncating the
/// write-ahead log removes its earlier versions, and rewriting the file removes the copies left when SQLite moves a row to another page.
/// </remarks>
internal sealed partial class Database : IAsyncDisposable
{
    // Limits the latency of the first operation in a batch; a batch of this size commits in a few milliseconds.
    private const int OperationsPerCommit = 256;

    // SQLite's result codes for a damaged file or a failing disk: https://www.sqlite.org/rescode.html
    private const int IoError = 10;
    private const int Corrupt = 11;
    private const int NotADatabase = 26;
    private const int Busy = 5;

    // How long truncating the log waits for readers. Our own reads take milliseconds; a longer wait would block every write.
    private const int ReaderTimeoutMilliseconds = 250;

    // Larger files are not rewritten, since rewriting blocks all writes for about 10 s per GiB.
    private const long MaxRewriteBytes = 256L << 20;

    // Rewriting takes at most 1% of the time.
    private const int RestPerRewrite = 100;

    private const string Truncation = "PRAGMA wal_checkpoint(TRUNCATE)";
    private const string RestoreAdvice = "Restore a copy of the data folder, or start with another --data folder.";

    private static readonly TimeSpan TruncationRetry = TimeSpan.FromMilliseconds(250);

    // Below the apps' request timeout of 30 s, so that they get the error.
    private static readonly TimeSpan TruncationTimeout = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan SlowCheck = TimeSpan.FromSeconds(1);

    private readonly FileStream _lock;
    private readonly string _connectionString;
    private readonly Session _writer;
    private readonly ConcurrentBag<Session> _readers = [];
    private readonly BlockingCollection<Write> _writes = [];
    private readonly TaskCompletionSource _writerEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ILogger _logger;

    // Committed deletions that are not acknowledged yet, because the log still holds the deleted data.
    private readonly List<(Write Write, long Since)> _erasing = [];
    private long _nextTruncation;
    private volatile bool _isCleanUpDue;
    private long _nextRewrite;
    private volatile string? _fault;

    // The previous process may have stopped between a deletion and the rewrite.
    private bool _isRewriteDue = true;

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

    /// <summary>Says that the file is damaged or its disk fails, and what to do. Null while no such fault was found since the start.</summary>
    public string? Fault => _fault;

    /// <summary>Whether a failure means that the file is damaged or the disk fails, so that retries cannot help.</summary>
    public static bool IsFault(SqliteException failure) => failure.SqliteErrorCode is IoError or Corrupt or NotADatabase;

    /// <summary>Opens the database in a folder, or creates it.</summary>
    /// <exception cref="SidecarDataException">The folder cannot be used.</exception>
    public static Database Open(string folder, ILogger logger)
    {
        var path = System.IO.Path.GetFullPath(System.IO.Path.Combine(folder, "sidecar.db"));
        FileStream? fileLock = null;
        SqliteConnection? connection = null;
        try
        {
            Directory.CreateDirectory(folder);
            fileLock = Lock(path);
            PrivateFiles.Restrict(path);
            var connectionString = new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ConnectionString;
            connection = new SqliteConnection(connectionString);
            connection.Open();
            Pragma(connection, "PRAGMA auto_vacuum = INCREMENTAL");
            Schema.Upgrade(connection, path, Schema.Steps);
            Check(connection, path, logger);
            Pragma(connection, $"PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON; PRAGMA busy_timeout = {ReaderTimeoutMilliseconds}");
            // Removes what a killed process left in the log.
            Pragma(connection, Truncation);
            return new Database(fileLock, path, connectionString, connection, logger);
        }
        catch (Exception failure)
        {
            connection?.Dispose();
            fileLock?.Dispose();
            if (failure is SqliteException sqlite && IsFault(sqlite))
            {
                LogDamaged(logger, path, failure.Message);
                throw new SidecarDataException(
                    $"{path} cannot be used ({failure.Message.TrimEnd('.')}): it is damaged, or not a database. {RestoreAdvice}", failure);
            }

            if (failure is SqliteException or IOException or UnauthorizedAccessException)
            {
                throw new SidecarDataException(
                    $"{path} cannot be used ({failure.Message.TrimEnd('.')}): free some disk space, make the folder writable, or use another --data folder.", failure);
            }

            throw;
        }
    }

    /// <summary>Runs an operation in the next commit, and completes after it.</summary>
    /// <param name="operation">Must be repeatable: when another operation of the batch fails, it is rolled back and run again.</param>
    /// <param name="committed">Called on the writer's thread after the commit, in the order of the operations.</param>
    /// <param name="erases">Whether to complete only when the write-ahead log no longer holds the deleted data. Concurrent deletions share one truncation.</param>
    /// <exception cref="SqliteException">The operation or its commit failed and was rolled back; or the operation was committed, but another program
    /// prevented truncation of the log for 20 seconds.</exception>
    public Task<T> WriteAsync<T>(Func<Session, T> operation, Action<T>? committed = null, bool erases = false)
    {
        var completion = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var result = default(T)!;
        var write = new Write(session => result = operation(session), Complete, completion.SetException, erases);
        if (!TryAdd(write))
        {
            completion.SetException(new ObjectDisposedException(nameof(Database)));
        }

        return completion.Task;

        void Complete()
        {
            try
            {
                committed?.Invoke(result);
                completion.SetResult(result);
            }
            catch (Exception failure)
            {
                // The operation is committed; the writer's thread must survive the callback's failure.
                completion.SetException(failure);
            }
        }
    }

    /// <summary>Runs an operation in the next commit without waiting for it. Failures are logged.</summary>
    public void Post(Action<Session> operation) =>
        TryAdd(new Write(operation, () => { }, failure => LogPostFailed(_logger, failure), Erases: false));

    /// <summary>Makes the next <see cref="CleanUp"/> rewrite the file, after rows were deleted. Call only on the writer's thread, from an operation.</summary>
    public void RewriteAtNextCleanUp() => _isRewriteDue = true;

    /// <summary>
    /// Removes data deleted or overwritten since the last call: truncates the log and, if rows were deleted, rewrites the file, unless that
    /// would take more than 1% of the time or the file is larger than 256 MiB.
    /// </summary>
    public void CleanUp()
    {
        _isCleanUpDue = true;
        Post(_ => { });
    }

    /// <summary>Reads the last commit, concurrently with the writer.</summary>
    public T Read<T>(Func<Session, T> query)
    {
        if (!_readers.TryTake(out var reader))
        {
            var connection = new SqliteConnection(_connectionString);
            connection.Open();
            Pragma(connection, "PRAGMA query_only = 1; PRAGMA busy_timeout = 5000");
            reader = new Session(connection);
        }

        try
        {
            var result = query(reader);
            _readers.Add(reader);
            return result;
        }
        catch (Exception exception)
        {
            // An unfinished statement of this reader would prevent truncation of the log.
            reader.Dispose();
            if (exception is SqliteException failure)
            {
                Note(failure);
            }

            throw;
        }
    }

    /// <summary>Commits the pending operations, then closes and unlocks the file.</summary>
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
        if (!TryTruncate())
        {
            LogNotTruncated(_logger, Path);
        }

        _writer.Dispose();
        await _lock.DisposeAsync();
    }

    // The operating system releases this lock however the process ends.
    private static FileStream Lock(string path)
    {
        try
        {
            return PrivateFiles.Open(path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException failure) when (File.Exists(path + ".lock") && failure is not (FileNotFoundException or DirectoryNotFoundException))
        {
            throw new SidecarDataException($"{path} is in use by another sidecar: stop it, or use another --data folder.", failure);
        }
    }

    // Reads every page: 0.3 s for 400 MiB in the page cache, longer from a slow disk. No timeout, since starting with damaged data is worse.
    private static void Check(SqliteConnection connection, string path, ILogger logger)
    {
        var started = Stopwatch.GetTimestamp();
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA quick_check(1)";
        // 0: no timeout; Microsoft.Data.Sqlite's default is 30 s.
        command.CommandTimeout = 0;
        var found = (string)command.ExecuteScalar()!;
        if (found != "ok")
        {
            found = found.ReplaceLineEndings(" ");
            LogDamaged(logger, path, found);
            throw new SidecarDataException($"{path} is damaged ({found}). {RestoreAdvice}");
        }

        if (Stopwatch.GetElapsedTime(started) is var elapsed && elapsed > SlowCheck)
        {
            LogSlowCheck(logger, path, elapsed.TotalSeconds);
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
        while (TryTake(batch))
        {
            if (batch.Count > 0 && !TryCommit(batch))
            {
                // Commits each operation separately, so that only the failing one fails.
                foreach (var write in batch)
                {
                    TryCommit([write]);
                }
            }

            batch.Clear();
            Erase();
            CleanUpIfDue();
        }

        foreach (var (write, _) in _erasing)
        {
            write.Fail(new ObjectDisposedException(nameof(Database)));
        }

        _writerEnded.SetResult();
    }

    // Waits for operations, but only until the next truncation attempt while deletions wait for one; the batch may then be empty.
    private bool TryTake(List<Write> batch)
    {
        var timeout = _erasing.Count == 0 ? Timeout.Infinite : (int)Math.Clamp(_nextTruncation - Environment.TickCount64, 0, (long)TruncationRetry.TotalMilliseconds);
        if (_writes.TryTake(out var next, timeout))
        {
            do
            {
                batch.Add(next);
            }
            while (batch.Count < OperationsPerCommit && _writes.TryTake(out next));
        }

        return batch.Count > 0 || !_writes.IsCompleted;
    }

    private void Erase()
    {
        var now = Environment.TickCount64;
        if (_erasing.Count == 0 || now < _nextTruncation)
        {
            return;
        }

        if (TryTruncate())
        {
            _nextTruncation = 0;
            _erasing.ForEach(entry => entry.Write.Complete());
            _erasing.Clear();
            return;
        }

        _nextTruncation = Environment.TickCount64 + (long)TruncationRetry.TotalMilliseconds;
        foreach (var entry in _erasing.Where(entry => now - entry.Since >= TruncationTimeout.TotalMilliseconds).ToList())
        {
            _erasing.Remove(entry);
            LogNotErased(_logger, Path, TruncationTimeout.TotalSeconds);
            entry.Write.Fail(new SqliteException("the value was deleted, but another program reads the database and prevents truncation of the write-ahead log", Busy));
        }
    }

    private void CleanUpIfDue()
    {
        if (!_isCleanUpDue)
        {
            return;
        }

        _isCleanUpDue = false;
        if (_isRewriteDue && Environment.TickCount64 >= _nextRewrite && new FileInfo(Path).Length <= MaxRewriteBytes)
        {
            var started = Stopwatch.GetTimestamp();
            try
            {
                _writer.Execute("VACUUM");
                _isRewriteDue = false;
            }
            catch (SqliteException failure)
            {
                Note(failure);
                LogNotRewritten(_logger, Path, failure);
            }

            _nextRewrite = Environment.TickCount64 + (long)(Stopwatch.GetElapsedTime(started).TotalMilliseconds * RestPerRewrite);
        }

        if (!TryTruncate())
        {
            LogNotTruncated(_logger, Path);
        }
    }

    // False while another connection reads an earlier state of the database.
    private bool TryTruncate()
    {
        try
        {
            using var row = _writer.Query(Truncation);
            return row.Read() && row.GetInt64(0) == 0;
        }
        catch (SqliteException failure)
        {
            Note(failure);
            return false;
        }
    }

    private void Note(SqliteException failure)
    {
        if (IsFault(failure) && _fault is null)
        {
            _fault = $"{Path} is damaged, or its disk fails ({failure.Message.TrimEnd('.')}). {RestoreAdvice}";
            LogFault(_logger, Path, failure.Message, failure);
        }
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
            if (failure is SqliteException sqlite)
            {
                Note(sqlite);
            }

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
            if (write.Erases)
            {
                RewriteAtNextCleanUp();
                _erasing.Add((write, Environment.TickCount64));
            }
            else
            {
                write.Complete();
            }
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
            // SQLite has already rolled back, as it does when the disk is full.
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Failed to write to the sidecar's database")]
    private static partial void LogPostFailed(ILogger logger, Exception failure);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Failed to truncate the write-ahead log of {Path} while another program reads the database; will retry in a minute, and at the next start")]
    private static partial void LogNotTruncated(ILogger logger, string path);

    [LoggerMessage(Level = LogLevel.Error, Message = "Returning an error for a deletion: another program prevented truncation of the write-ahead log of {Path} for {Seconds:0} s")]
    private static partial void LogNotErased(ILogger logger, string path, double seconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Failed to rewrite {Path} after deletions; will retry in a minute")]
    private static partial void LogNotRewritten(ILogger logger, string path, Exception failure);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Path} is damaged: {Problem}. " + RestoreAdvice)]
    private static partial void LogDamaged(ILogger logger, string path, string problem);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Path} is damaged, or its disk fails: {Problem}. " + RestoreAdvice)]
    private static partial void LogFault(ILogger logger, string path, string problem, Exception failure);

    [LoggerMessage(Level = LogLevel.Information, Message = "Checking {Path} for damage took {Seconds:0.0} s")]
    private static partial void LogSlowCheck(ILogger logger, string path, double seconds);

    /// <summary>A queued operation.</summary>
    /// <param name="Run">Runs it, in a transaction with others.</param>
    /// <param name="Complete">Called after the commit.</param>
    /// <param name="Fail">Called after a rollback.</param>
    /// <param name="Erases">Whether it completes only when the log no longer holds the deleted data.</param>
    private sealed record Write(Action<Session> Run, Action Complete, Action<Exception> Fail, bool Erases);
}
