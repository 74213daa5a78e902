using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace FindMe.Networks;

/// <summary>Registers the accounts.</summary>
public static class AccountServices
{
    /// <summary>Registers <see cref="Accounts"/>; the app also calls <see cref="FetchingServices.AddOutsideHttp"/>.</summary>
    /// <param name="services">The app's services.</param>
    public static void AddAccounts(this IServiceCollection services)
    {
        services.TryAddSingleton<NetworkTokens>();
        services.TryAddSingleton<Accounts>();
        services.TryAddSingleton<AccountCalls>();
    }
}
