import{b as o,c as $,e as l,n as f,x as h,z as d}from"./chunk-M5HQRUVJ.js";import{d as b}from"./chunk-SR4QM7IW.js";var M={back:"M15.41,16.58L10.83,12L15.41,7.41L14,6L8,12L14,18L15.41,16.58Z",forward:"M8.59,16.58L13.17,12L8.59,7.41L10,6L16,12L10,18L8.59,16.58Z",search:"M9.5,3A6.5,6.5 0 0,1 16,9.5C16,11.11 15.41,12.59 14.44,13.73L14.71,14H15.5L20.5,19L19,20.5L14,15.5V14.71L13.73,14.44C12.59,15.41 11.11,16 9.5,16A6.5,6.5 0 0,1 3,9.5A6.5,6.5 0 0,1 9.5,3M9.5,5C7,5 5,7 5,9.5C5,12 7,14 9.5,14C12,14 14,12 14,9.5C14,7 12,5 9.5,5Z",good:"M10,17L6,13L7.41,11.59L10,14.17L16.59,7.58L18,9M12,1L3,5V11C3,16.55 6.84,21.74 12,23C17.16,21.74 21,16.55 21,11V5L12,1Z",bad:"M12,1L3,5V11C3,16.55 6.84,21.74 12,23C17.16,21.74 21,16.55 21,11V5M11,7H13V13H11M11,15H13V17H11",copy:"M19,21H8V7H19M19,5H8A2,2 0 0,0 6,7V21A2,2 0 0,0 8,23H19A2,2 0 0,0 21,21V7A2,2 0 0,0 19,5M16,1H4A2,2 0 0,0 2,3V17H4V3H16V1Z",out:"M14,3V5H17.59L7.76,14.83L9.17,16.24L19,6.41V10H21V3M19,19H5V5H12V3H5C3.89,3 3,3.9 3,5V19A2,2 0 0,0 5,21H19A2,2 0 0,0 21,19V12H19V19Z"},y=a=>o`<svg class="glyph" viewBox="0 0 24 24" aria-hidden="true"><path d=${M[a]}></path></svg>`;function i(a,r,t){let n=t/r,s=n>=9?3:n>=5?2:1,e=Math.round(a*n);return{x:e,w:Math.max(1,Math.round((a+1)*n)-e-s)}}var T=(a,r,t)=>Math.max(0,Math.min(r-1,Math.floor(a/t*r)));function u(a,r,t,n,s=1.5){let e=Math.min(s,t/2,n/2),p=(m,c)=>`a${e} ${e} 0 0 1 ${m} ${c}`;return`M${a+e} ${r}h${t-2*e}${p(e,e)}v${n-2*e}${p(-e,e)}h${2*e-t}${p(-e,-e)}v${2*e-n}${p(e,-e)}z`}function g(a,r,t,n){let s=Math.round(n*.45);switch(a){case"o":case"r":return u(r,n-s,t,s);case"w":return u(r+.5,n*.25,t-1,n*.75-.5);case"f":return u(r,0,t,n);case"m":return u(r+1,1,Math.max(1,t-2),n-2,1);case"p":return u(r+.5,n-s+.5,t-1,s-1);case"n":return u(r+t/2-Math.min(3,t/2),n-s/2-1,Math.min(6,t),2,1);case"u":return[.25,.55,.85].map(e=>u(r+t/2-1,Math.round(n*e)-1,2,2,1)).join("")}}function x(a,r,t){let n=new Map;for(let s=0;s<a.length;s++){let e=b.includes(a[s]??"")?a[s]:"u",{x:p,w:m}=i(s,a.length,r);n.set(e,(n.get(e)??"")+g(e,p,m,t))}return[...n]}function R(a,r,t,n=-1){let s=i(n,a.length,r);return o`<svg class="strip" width=${r} height=${t} aria-hidden="true">
    ${x(a,r,t).map(([e,p])=>$`<path class="c-${e}" d=${p}></path>`)}
    ${n<0?l:$`<rect class="cursor" x=${s.x-1.5} y="-1.5" width=${s.w+3} height=${t+3} rx="3"></rect>`}
  </svg>`}function B(a,r,t,n){return a.length<2&&!r?l:o`<div class="chips" role="group" aria-label=${t.say("filter_label")}>
    ${a.map(([s,e])=>o`<button
        class="chip"
        aria-pressed=${r===s?"true":"false"}
        @click=${()=>n(s)}
      >${f(s)}<b class="num">${e}</b> ${t.say(`status_${s}`)}</button>`)}
  </div>`}function E(a,r,t){return o`<label class="search"
    >${y("search")}<input
      type="search"
      .value=${a}
      placeholder=${r.say("search")}
      aria-label=${r.say("search")}
      autocomplete="off"
      spellcheck="false"
      @input=${n=>t(n.target.value)}
  /></label>`}function F(a,r,t,n,s,e){return o`<div class="grid heads" aria-hidden="true" style="grid-template-columns:${a.template}">
    <span></span><span>${s.say(`what_${r}`)}</span>
    ${H(t,n,a.strip,s,e)}
    ${a.spark?o`<span></span>`:l}
    ${a.size?o`<span class="end">${s.say("size")}</span>`:l}
    ${a.last?o`<span class="end">${s.say("last")}</span>`:l}
    ${a.next?o`<span class="end">${s.say("next")}</span>`:l}
  </div>`}function H(a,r,t,n,s){return o`<span class="axis" style="width:${t}px"
    >${d(r,t).map(e=>{let{x:p,w:m}=i(e,r,t),c=e===r-1,L=c?n.say("today"):s.day(h(a,r,e),{day:"numeric",month:"short"});return o`<i class=${c?"today":""} style=${c?"":`inset-inline-start:${p+m/2}px`}>${L}</i>`})}</span
  >`}export{y as a,i as b,T as c,R as d,B as e,E as f,F as g,H as h};
