/** Region keys as the CLI and Terraform write them → domain. */
const domains: Readonly<Record<string, string>> = {
  'us-east-1': 'mypurecloud.com',
  'us-east-2': 'use2.us-gov-pure.cloud',
  'us-west-2': 'usw2.pure.cloud',
  'ca-central-1': 'cac1.pure.cloud',
  'mx-central-1': 'mxc1.pure.cloud',
  'sa-east-1': 'sae1.pure.cloud',
  'eu-west-1': 'mypurecloud.ie',
  'eu-west-2': 'euw2.pure.cloud',
  'eu-central-1': 'mypurecloud.de',
  'eu-central-2': 'euc2.pure.cloud',
  'eusc-de-east-1': 'edee1.eusc-pure.cloud',
  'me-central-1': 'mec1.pure.cloud',
  'ap-south-1': 'aps1.pure.cloud',
  'ap-southeast-1': 'apse1.pure.cloud',
  'ap-southeast-2': 'mypurecloud.com.au',
  'ap-northeast-1': 'mypurecloud.jp',
  'ap-northeast-2': 'apne2.pure.cloud',
  'ap-northeast-3': 'apne3.pure.cloud',
};

/** `eu-central-1`, `eu_central_1` or a domain, in any case → domain; undefined for what is neither. */
export function domainOf(region: string): string | undefined {
  const name = region.trim().toLowerCase();
  // Regions are added: a domain that is not listed is taken as it stands.
  return domains[name.replaceAll('_', '-')] ?? (/^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(name) ? name : undefined);
}

export const regionNames = Object.keys(domains);
