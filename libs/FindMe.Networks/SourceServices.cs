using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace FindMe.Networks;

/// <summary>Registers the sources.</summary>
internal static class SourceServices
{
    /// <summary>One line a source, and what they share.</summary>
    public static void AddPhotoSources(this IServiceCollection services)
    {
        services.AddOptions<CollectOptions>().BindConfiguration(CollectOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<CollectOptions>, CollectOptionsValidator>();
        services.AddSingleton<AccountCalls>();
        services.AddSingleton<BlueskySession>();
        services.AddSingleton<MastodonSource>();
        services.AddSingleton<BlueskySource>();

        services.AddSingleton<IPhotoSource, AlbumSource>();
        services.AddSingleton<IPhotoSource, ZipSource>();
        services.AddSingleton<IPhotoSource, HashtagSource>();
        services.AddSingleton<IPhotoSource>(provider => provider.GetRequiredService<MastodonSource>());
        services.AddSingleton<IPhotoSource>(provider => provider.GetRequiredService<BlueskySource>());
        services.AddSingleton<IPhotoSource, XSource>();
        services.AddSingleton<XAuthors>();
    }
}
