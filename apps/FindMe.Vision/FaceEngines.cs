using FindMe.Faces;
using Microsoft.Extensions.Options;

namespace FindMe.Vision;

/// <summary>The face engine, one core a turn: whoever waits holds no thread.</summary>
internal sealed class EngineTurns(Lazy<FaceEngine> engine) : IDisposable
{
    private readonly SemaphoreSlim _gate = new(Environment.ProcessorCount);

    /// <summary>Works with the engine when a core is free.</summary>
    public async Task<T> TakeAsync<T>(Func<FaceEngine, T> work, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            return await Task.Run(() => work(engine.Value), cancellationToken);
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();
}

/// <summary>Registers the face engine, one for all requests.</summary>
internal static class EngineServices
{
    public static void AddFaceEngine(this IServiceCollection services)
    {
        services.AddOptions<FaceEngineOptions>().BindConfiguration(FaceEngineOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton(provider => new Lazy<FaceEngine>(() => FaceEngine.Load(provider.GetRequiredService<IOptions<FaceEngineOptions>>().Value)));
        services.AddSingleton<EngineTurns>();
        services.AddHostedService<EngineStart>();
    }

    /// <summary>Loads the models while the app starts, and stops it with one clear line where they are missing.</summary>
    private sealed class EngineStart(Lazy<FaceEngine> engine) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => Task.Run(() => _ = engine.Value, cancellationToken);

        public Task StopAsync(CancellationToken cancellationToken)
        {
            if (engine.IsValueCreated)
            {
                engine.Value.Dispose();
            }

            return Task.CompletedTask;
        }
    }
}
