// The person's side: consent → a reference of their face → POST a search → search_request; then its live result.
using FindMe.Api;
using FindMe.Hosting;
using FindMe.Networks;
using FindMe.Pipeline;

var builder = WebApplication.CreateBuilder(args);

builder.AddAppDefaults();
builder.AddPipeline();
builder.Services.AddKeyGeneration();
builder.Services.AddHostedService<KeyRingCheck>();
builder.Services.AddPhotoReading();
builder.Services.AddWebSecurity();
builder.Services.AddCurrentUsers();
builder.Services.AddSignIns();
builder.Services.AddSafeguards();
builder.Services.AddReferencePhotos();
builder.Services.AddSearches();
builder.Services.AddSearchPhotos();
builder.Services.AddUploads();
builder.Services.AddSearchExports();
builder.Services.AddAccountDeletion();
builder.Services.AddRecovery();
builder.Services.AddHostedService<ReadyLine>();
builder.Services.AddOperator();
builder.Services.AddOpenApi();

var app = builder.Build();

app.UseWebSecurity();
app.MapAppDefaults();
app.MapPipeline();
app.UseSessionCookies();
app.UseRateLimiter();
app.UseCurrentUsers();
app.UseFileTimeouts();
app.UseStaticPage();
app.MapOpenApi();
app.MapConsent();
app.MapSignIns();
app.MapAccounts();
app.MapOtherBrowsers();
app.MapReferencePhotos();
app.MapSources();
app.MapUploads();
app.MapSearches();
app.MapSearchEstimates();
app.MapSearchContinuing();
app.MapSearchEvents();
app.MapSearchPhotos();
app.MapSearchJudgements();
app.MapSearchReports();
app.MapSearchExports();
app.MapSearchShares();
app.MapSharedPhotos();
app.MapAccountDeletion();
app.MapOperatorFailures();

app.Run();
