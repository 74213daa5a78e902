namespace FindMe.Faces;

/// <summary>The machine's processors, shared by the photos that are worked on: a photo has one, and those that are idle as well.</summary>
internal sealed class Processors : IDisposable
{
    private readonly SemaphoreSlim _idle = new(Environment.ProcessorCount);

    /// <summary>Waits for a processor; it is kept until the result is disposed.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public IDisposable Enter(CancellationToken cancellationToken)
    {
        _idle.Wait(cancellationToken);
        return new Lease(_idle, 1);
    }

    /// <summary>Keeps processors from photos until the result is disposed, so that a measurement knows how many work.</summary>
    public IDisposable Reserve(int count)
    {
        for (var i = 0; i < count; i++)
        {
            _idle.Wait();
        }

        return new Lease(_idle, count);
    }

    /// <summary>Does the pieces of a photo's work, on its own processor and on those that are idle now.</summary>
    /// <param name="count">How many pieces; those that take longest come first.</param>
    /// <param name="work">Does the piece of an index. It must not depend on which others are done.</param>
    /// <param name="cancellationToken">Checked before each piece.</param>
    /// <returns>The results in the order of the pieces, whoever did them.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public T[] Map<T>(int count, Func<int, T> work, CancellationToken cancellationToken)
    {
        var results = new T[count];
        var next = 0;
        var helpers = 0;
        while (helpers < count - 1 && _idle.Wait(millisecondsTimeout: 0, CancellationToken.None))
        {
            helpers++;
        }

        if (helpers == 0)
        {
            WorkOff();
            return results;
        }

        using var lease = new Lease(_idle, helpers);
        Parallel.For(0, helpers + 1, new ParallelOptions { CancellationToken = cancellationToken }, _ => WorkOff());
        return results;

        void WorkOff()
        {
            for (var piece = Interlocked.Increment(ref next) - 1; piece < count; piece = Interlocked.Increment(ref next) - 1)
            {
                cancellationToken.ThrowIfCancellationRequested();
                results[piece] = work(piece);
            }
        }
    }

    public void Dispose() => _idle.Dispose();

    private sealed class Lease(SemaphoreSlim idle, int count) : IDisposable
    {
        public void Dispose()
        {
            if (count > 0)
            {
                idle.Release(count);
            }
        }
    }
}
