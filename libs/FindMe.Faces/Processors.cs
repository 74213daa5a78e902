using System.Diagnostics.CodeAnalysis;

namespace FindMe.Faces;

/// <summary>Shares the machine's processors among photos: each photo holds one and borrows idle ones for parallel work.</summary>
[SuppressMessage("Design", "CA1001", Justification = "The semaphore owns no handle, and a photo may wait for it longer than its engine lives.")]
internal sealed class Processors
{
    private readonly SemaphoreSlim _idle = new(Environment.ProcessorCount);

    /// <summary>Waits for a processor and holds it until the result is disposed.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public IDisposable Enter(CancellationToken cancellationToken)
    {
        _idle.Wait(cancellationToken);
        return new Lease(_idle, 1);
    }

    /// <summary>Withholds processors from photos until the result is disposed, so that benchmarks control how many work.</summary>
    public IDisposable Reserve(int count)
    {
        for (var i = 0; i < count; i++)
        {
            _idle.Wait();
        }

        return new Lease(_idle, count);
    }

    /// <summary>Runs the work items of a photo on its own processor and on all that are idle now.</summary>
    /// <param name="count">Number of items; the longest should come first.</param>
    /// <param name="work">Processes the item with the given index, independently of the others.</param>
    /// <param name="cancellationToken">Checked before each item.</param>
    /// <returns>The results in the order of the items.</returns>
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
            RunItems();
            return results;
        }

        using var lease = new Lease(_idle, helpers);
        Parallel.For(0, helpers + 1, new ParallelOptions { CancellationToken = cancellationToken }, _ => RunItems());
        return results;

        void RunItems()
        {
            for (var item = Interlocked.Increment(ref next) - 1; item < count; item = Interlocked.Increment(ref next) - 1)
            {
                cancellationToken.ThrowIfCancellationRequested();
                results[item] = work(item);
            }
        }
    }

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
