using Microsoft.Extensions.DependencyInjection;

namespace FindMe.Networks;

/// <summary>Registers the accounts.</summary>
public static class AccountServices
{
    /// <summary>Registers <see cref="Accounts"/>; the app also calls <see cref="FetchingServices.AddOutsideHttp"/>.</summary>
    /// <param name="services">The app's services.</param>
    public static void AddAccounts(this IServiceCollection services)
    {
        services.AddSingleton<NetworkTokens>();
        services.AddSingleton<Accounts>();
    }
}
